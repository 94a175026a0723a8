"""A sentence about a file without the file's own words: refusals end up in the logs of pipelines, secrets must not."""

from __future__ import annotations

import re

from relorch.model.placeholders import FILTERS
from relorch.transfer.inventory import COLUMNS
from relorch.transfer.release_file import RELEASE_FIELDS, STEP_FIELDS


def without_words(sentence: str) -> str:
    """Give what an import's error says, with … in place of what it shows of the file.

    A value stands there as `relorch.errors.shown` gives it, a name between plain quotes or in brackets, and a key of
    metadata without any.
    """
    if sentence.startswith(_OF_STATE):
        if _REASON in sentence:  # between two names
            return f"{sentence.partition(' ')[0]} '…'{_REASON}'…'{sentence.rpartition(_QUOTE)[2]}"
        return _NAMES.sub("…", sentence)
    told = _SHOWN.sub(_kept, sentence)
    if told.startswith(_PROSE):
        return told
    _, found, why = told.rpartition(": ")
    field = sentence.partition(" ")[0].rstrip(":")
    return f"{field if field in _OURS else '…'}: {why if found else 'cannot be taken.'}"


_OF_STATE = ("Cluster '", "Customer '", "cluster_id ")
"""How a sentence begins that says what the state of something forbids; names stand in it as they are."""

_PROSE = ("A ", "The ", "There ", "This ", "Maps ", "'", "…")
"""How a sentence about the file begins; any other begins with a field or a key, and its value."""

_REASON, _QUOTE = " has open work in ", "'"

_NAMES = re.compile(r"(?<!\w)'.*'|\(.*\)", re.DOTALL)  # from the first to the last: a name may hold quotes itself
_SHOWN = re.compile(
    r"""(?<=:\ customer\ )'.*'                     # names between plain quotes
    | (?<!\S)\S.{59}…\ \(\d+\ characters\)       # cut by `shown`
    | (?<!\w) (?: '(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*" ) (?!\w)
    | (?<!\w) ['"] .*                              # not closed: all of the rest""",
    re.DOTALL | re.VERBOSE,
)
_OURS = frozenset({*COLUMNS, *RELEASE_FIELDS, *STEP_FIELDS, *FILTERS, "steps", "cluster."})


def _kept(found: re.Match[str]) -> str:
    """Give a quoted word that is relorch's own, or a lone sign, as it is."""
    inside = found[0][1:-1]
    return found[0] if inside in _OURS or (len(inside) < 2 and not inside.isalnum()) else "…"
