"""Secrets that somebody pasted into a step: found line by line, never repeated.

Known forms (keys of clouds, tokens of services, private keys, passwords in addresses) are the library's
trade. What is assigned to a password is told apart here, because a step is full of `password=$PASSWORD` and
`kubectl get secret db-password`, which are no secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

_WORDS = "password|passwd|passphrase|pwd|secret|token|credential|api[_-]?key|access[_-]?key|private[_-]?key"
_SHORT_WORDS = r"(?:(?<![A-Za-z0-9])(?:pw|pass|pat)|(?-i:(?<=[a-z0-9])(?:Pw|Pass|Pat)))\d?"
_KEY = rf"[\w.-]{{0,40}}?(?:(?:{_WORDS})[\w-]{{0,20}}|{_SHORT_WORDS})"
_ASSIGNED = re.compile(rf"(?i)(?<![\w$]){_KEY}[\"']?\s*(?:=>|:=|=|:)\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s'\";&|,)}}]+))")
_NAMED_OTHERWISE = re.compile(
    r"(?i)(?:name|file|path|ref|id|arn|url|uri|length|policy|type|version|ttl|expiry|dir|store|class)[\"']?\s*[=:]"
    "|existing"
)
_IN_SQL = re.compile(r"(?i)\b(?:password|identified\s+by)\s+'([^']+)'")
_BEARER = re.compile(r"(?i)\bbearer\s+([\w.~+/-]{16,}=*)")
_TOKEN = re.compile(
    r"\b(?:hv[sbr]\.[\w-]{20,}|npm_[A-Za-z0-9]{30,}|dckr_(?:pat|oat)_[\w-]{20,}|AIza[\w-]{35}|github_pat_\w{20,}"
    r"|gl(?:pat|dt|ft|soat|rt|cbt)-[\w.-]{20,})"
)
_OPTIONS = r"\s(?:[^|;&]{0,200}?\s)?"
_IN_COMMAND = re.compile(
    rf"\b(?:sshpass\s+-p\s*|(?:mysql\w*|mariadb[\w-]*){_OPTIONS}-p|redis-cli{_OPTIONS}(?:-a|--pass)\s+"
    rf"|(?:docker|podman|registry)\s+login{_OPTIONS}(?:-p|--password)\s+)"
    r"""(?:"([^"]*)"|'([^']*)'|([^\s'";&|]+))"""
)
_IN_CURL = re.compile(
    rf"\bcurl{_OPTIONS}(?:-u|--user)[\s=]*"
    r"""(?:"[^\s":]+:([^"]*)"|'[^\s':]+:([^']*)'|[^\s'":]+:([^\s'";&|]+))"""
)
_STANDS_FOR_ONE = re.compile(
    r"(?i)[$<`{%*]|^[.~]?/|^(?:x+|\.+|-+|null|none|nil|true|false|todo|changeme|your[-_]?.*|env|stdin)$"
)
_MASKED = re.compile(r"\$\$?\{\{[^\n]*?\}\}")


def secrets_in(content: str) -> tuple[tuple[int, str], ...]:
    """Give the lines (from 1) that hold what looks like a secret, each with what kind it seems to be."""
    found = ((number, _kind(line)) for number, line in enumerate(content.split("\n"), 1))
    return tuple((number, kind) for number, kind in found if kind is not None)


def spans_in(line: str) -> list[tuple[int, int]]:
    """Give where in a line stands what looks like a secret, as (start, end); spans may overlap."""
    return [(start, end) for start, end, _ in _found(line)]


def _kind(line: str) -> str | None:
    return next((kind for _, _, kind in _found(line)), None)


def _found(line: str) -> Iterator[tuple[int, int, str]]:
    """Give start, end and kind of each secret in a line, the surest first."""
    plain = _MASKED.sub(lambda placeholder: "$".ljust(len(placeholder[0]), "p"), line)  # as long as it was
    yield from ((*found.span(1), "a bearer token") for found in _BEARER.finditer(plain))
    yield from ((*found.span(), "a token") for found in _TOKEN.finditer(plain))
    for detector in _detectors():
        for start, end in _detected(detector, plain):
            if not _STANDS_FOR_ONE.search(plain[start:end]):
                yield start, end, str(detector.secret_type)
    for start, end in _assigned(plain):
        if _is_literal(plain[start:end]):
            yield start, end, "a password"


def _detected(detector: Any, line: str) -> Iterator[tuple[int, int]]:
    """Give where the secrets stand that one of the library's detectors finds; it tells only some of their texts."""
    if not any(True for _ in detector.analyze_string(line)):
        return
    for form in detector.denylist:
        for found in form.finditer(line):
            if form.groups and detector.secret_type in _SAYS_WHICH_PART:
                yield found.span(1)
            else:
                yield found.start(), _REST.match(line, found.end()).end()  # type: ignore[union-attr]  # it may be empty


_SAYS_WHICH_PART = frozenset({"AWS Access Key", "Basic Auth Credentials", "NPM tokens"})
"""Of these kinds a form's group is the secret; of all others it is but the beginning of one."""
_REST = re.compile(r"[\w-]*")
"""A form may end before its token does."""


def _assigned(line: str) -> Iterator[tuple[int, int]]:
    """Give where stands what a password is set to."""
    for found in _ASSIGNED.finditer(line):
        name, bare = found[0], found[3]
        if _NAMED_OTHERWISE.search(name):
            continue
        if bare is not None and ":" in name.replace(bare, "").replace(":=", "") and not _is_mixed(bare):
            continue  # "password: see the vault" is prose
        yield next(found.span(group) for group in (1, 2, 3) if found[group] is not None)
    yield from (found.span(1) for found in _IN_SQL.finditer(line))
    for form in (_IN_COMMAND, _IN_CURL):
        yield from (found.span(found.lastindex or 0) for found in form.finditer(line))


def _is_literal(value: str) -> bool:
    return len(value) >= 4 and not _STANDS_FOR_ONE.search(value)


def _is_mixed(value: str) -> bool:
    return any(char.isdigit() for char in value) and any(char.isalpha() for char in value)


@lru_cache(maxsize=1)
def _detectors() -> tuple[Any, ...]:
    """Give the library's detectors of fixed forms; imported late, since most runs never check a text.

    None of those that guess by randomness: every digest and commit in a step would be one.
    """
    from detect_secrets.plugins.aws import AWSKeyDetector
    from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
    from detect_secrets.plugins.basic_auth import BasicAuthDetector
    from detect_secrets.plugins.github_token import GitHubTokenDetector
    from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
    from detect_secrets.plugins.jwt import JwtTokenDetector
    from detect_secrets.plugins.npm import NpmDetector
    from detect_secrets.plugins.openai import OpenAIDetector
    from detect_secrets.plugins.private_key import PrivateKeyDetector
    from detect_secrets.plugins.pypi_token import PypiTokenDetector
    from detect_secrets.plugins.sendgrid import SendGridDetector
    from detect_secrets.plugins.slack import SlackDetector
    from detect_secrets.plugins.stripe import StripeDetector

    kinds = (
        AWSKeyDetector,
        AzureStorageKeyDetector,
        BasicAuthDetector,
        GitHubTokenDetector,
        GitLabTokenDetector,
        JwtTokenDetector,
        NpmDetector,
        OpenAIDetector,
        PrivateKeyDetector,
        PypiTokenDetector,
        SendGridDetector,
        SlackDetector,
        StripeDetector,
    )
    return tuple(kind() for kind in kinds)
