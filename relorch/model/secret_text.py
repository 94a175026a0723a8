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

_WORDS = "password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key"
_KEY = rf"[\w.-]{{0,40}}?(?:{_WORDS})[\w-]{{0,20}}"
_ASSIGNED = re.compile(rf"(?i)(?<![\w$]){_KEY}[\"']?\s*(?:=>|:=|=|:)\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s'\";&|,)}}]+))")
_NAMED_OTHERWISE = re.compile(
    r"(?i)(?:name|file|path|ref|id|arn|url|uri|length|policy|type|version|ttl|expiry|dir|store|class)[\"']?\s*[=:]"
    "|existing"
)
_IN_SQL = re.compile(r"(?i)\b(?:password|identified\s+by)\s+'([^']+)'")
_BEARER = re.compile(r"(?i)\bbearer\s+([\w.~+/-]{16,}=*)")
_STANDS_FOR_ONE = re.compile(
    r"(?i)[$<`{%*]|^[.~]?/|^(?:x+|\.+|-+|null|none|nil|true|false|todo|changeme|your[-_]?.*|env|stdin)$"
)
_MASKED = re.compile(r"\$\$?\{\{[^\n]*?\}\}")


def secrets_in(content: str) -> tuple[tuple[int, str], ...]:
    """Give the lines (from 1) that hold what looks like a secret, each with what kind it seems to be."""
    found = ((number, _kind(line)) for number, line in enumerate(content.split("\n"), 1))
    return tuple((number, kind) for number, kind in found if kind is not None)


def _kind(line: str) -> str | None:
    plain = _MASKED.sub("$placeholder", line)
    if _BEARER.search(plain):
        return "a bearer token"
    for detector in _detectors():
        if any(not _STANDS_FOR_ONE.search(str(secret)) for secret in detector.analyze_string(plain)):
            return str(detector.secret_type)
    return "a password" if any(_is_literal(value) for value in _assigned(plain)) else None


def _assigned(line: str) -> Iterator[str]:
    """Give what stands where a password is set."""
    for found in _ASSIGNED.finditer(line):
        name = found.group()[: found.end() - found.start()]
        double, single, bare = found.groups()
        if _NAMED_OTHERWISE.search(name):
            continue
        if bare is not None and ":" in name.replace(bare, "").replace(":=", "") and not _is_mixed(bare):
            continue  # "password: see the vault" is prose
        yield next(value for value in (double, single, bare) if value is not None)
    yield from _IN_SQL.findall(line)


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
