"""Reports: the facts of `relorch.views.report` as one self-contained HTML file, as JSON, and as CSV."""

from __future__ import annotations

import re
from collections.abc import Iterator

from relorch.errors import InvalidValue
from relorch.views.report import ReleaseReport, SignOff

Report = ReleaseReport | SignOff
FORMATS = ("html", "json", "csv")
MEDIA_TYPES = {"html": "text/html", "json": "application/json", "csv": "text/csv"}


def printed(report: Report, form: str) -> Iterator[str]:
    """Give a report piece by piece, as one of `FORMATS`; its secrets are masked already.

    Raises `InvalidValue` for another form.
    """
    if form not in FORMATS:
        raise InvalidValue("form", form, f"must be one of {', '.join(FORMATS)}")
    if form == "html":
        from relorch.reports.html import as_html  # templates and charts cost their import only those who want them

        return iter([as_html(report)])
    from relorch.reports.data import as_csv, as_json

    return as_json(report) if form == "json" else as_csv(report)


def file_name(report: Report, form: str) -> str:
    """Give a harmless name for a report's file: of the release, and of the customer it is about."""
    parts = [report.head.release_name]
    if isinstance(report, SignOff):
        parts += [report.member.cluster_name, report.member.namespace]
    kind = "sign-off" if isinstance(report, SignOff) else "report"
    said = "-".join(re.sub(r"[^A-Za-z0-9._-]+", "-", part).strip("-.") for part in parts)
    return f"{kind}-{said[:120] or report.head.release_id}.{form}"
