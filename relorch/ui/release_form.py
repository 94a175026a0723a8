"""What is typed about a release: its form, and the fields that the workbook takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import marimo as mo

from relorch.errors import InvalidValue
from relorch.model.values import Release, ReleaseType
from relorch.ui import metadata
from relorch.ui.form import Fields
from relorch.ui.form import form as drawn_form

_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?: (\d{2}:\d{2}))?(?: UTC)?")
NOTHING: Mapping[str, str] = {
    "name": "",
    "type": ReleaseType.RELEASE.value,
    "version_number": "",
    "release_date": "",
    "description": "",
    "metadata": "",
}
"""The form of a new release."""
EMPTY_CLONE: Mapping[str, str] = {"name": "", "version_number": ""}
EMPTY_REASON: Mapping[str, str] = {"reason": ""}


def printed(release: Release | None) -> dict[str, str]:
    """Give the fields of a release as they stand in its form; those of a new one for None."""
    if release is None:
        return dict(NOTHING)
    return {
        "name": release.name,
        "type": release.type.value,
        "version_number": release.version_number or "",
        "release_date": _printed_date(release.release_date),
        "description": release.description or "",
        "metadata": metadata.printed(release.metadata),
    }


def form(shown: Mapping[str, str]) -> Fields:
    """Give the form filled with these texts; see `printed` and `NOTHING`."""
    text, area = mo.ui.text, mo.ui.text_area
    return drawn_form(
        {
            "name": text(label="Name", value=shown["name"], placeholder="2026.12", full_width=True, debounce=False),
            "type": mo.ui.dropdown(
                [kind.value for kind in ReleaseType],
                label="Type",
                value=shown["type"],
                allow_select_none=False,
                full_width=True,
            ),
            "version_number": text(
                label="Version", value=shown["version_number"], placeholder="4.3.0", full_width=True, debounce=False
            ),
            "release_date": text(
                label="Release date",
                value=shown["release_date"],
                placeholder="2026-12-01",
                full_width=True,
                debounce=False,
            ),
            "description": area(
                label="Description", value=shown["description"], rows=2, full_width=True, debounce=False
            ),
            "metadata": area(
                label="Metadata (key = value, one a line)",
                value=shown["metadata"],
                placeholder="registry = registry.example",
                rows=3,
                full_width=True,
                debounce=False,
            ),
        }
    )


def clone_form(shown: Mapping[str, str]) -> Fields:
    """Give the form of a clone: what will differ from the release it is made of; see `EMPTY_CLONE`."""
    text = mo.ui.text
    return drawn_form(
        {
            "name": text(label="Name of the new draft", value=shown["name"], full_width=True, debounce=False),
            "version_number": text(label="Its version", value=shown["version_number"], full_width=True, debounce=False),
        }
    )


def reason_form(shown: Mapping[str, str]) -> Fields:
    """Give the form of a reason; see `EMPTY_REASON`."""
    text = mo.ui.text(
        label="Reason", value=shown["reason"], placeholder="change freeze until Monday", full_width=True, debounce=False
    )
    return drawn_form({"reason": text})


def fields_of(typed: Mapping[str, str], shown: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Give what was typed as fields of a release; with `shown` only those that were changed since then.

    What nobody touched is left alone, so that it cannot take back what somebody else has stored meanwhile.
    Raises `InvalidValue` for a day that is none and for a line of metadata that is not `key = value`.
    """
    read = {"release_date": _date, "metadata": metadata.read}
    return {name: read.get(name, str)(text) for name, text in typed.items() if shown is None or text != shown[name]}


def _date(text: str) -> datetime | None:
    if not text.strip():
        return None
    found = _DAY.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError
        return datetime.strptime(f"{found[1]} {found[2] or '00:00'}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    except ValueError:
        why = "must be a day such as 2026-12-01, or a day and a time in UTC such as 2026-12-01 22:00"
        raise InvalidValue("release_date", text, why) from None


def _printed_date(moment: datetime | None) -> str:
    if moment is None:
        return ""
    return f"{moment:%Y-%m-%d}" if f"{moment:%H:%M}" == "00:00" else f"{moment:%Y-%m-%d %H:%M}"
