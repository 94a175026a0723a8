"""Reports: who may be reported on, and the facts of it."""

from __future__ import annotations

from datetime import datetime

from relorch.errors import NotAllowed
from relorch.model.values import Release
from relorch.store import Connection
from relorch.views.flow import flow_of
from relorch.views.report import ReleaseReport, ReportMember, SignOff
from relorch.views.reporting import head_of, members_of, release_report_of, sign_off_of
from relorch.workbook.customers import require_customer
from relorch.workbook.releases import require_release
from relorch.workbook.rendering import rendering_of


def report_of(
    connection: Connection, release_id: int, customer_id: int | None, *, operator: str, now: datetime
) -> ReleaseReport | SignOff:
    """Give the facts of a release, or of one of its members, as one consistent state."""
    release = Release(**require_release(connection, release_id))
    members = members_of(connection, release.id)
    chosen = None if customer_id is None else _member(connection, release, members, customer_id)
    if not members:
        raise NotAllowed(
            f"Release '{release.name}' has no members, so there is nothing to report yet; activate it for customers."
        )
    head = head_of(connection, release, operator=operator, now=now)
    if chosen is not None:
        return sign_off_of(connection, head, chosen, rendering_of)
    return release_report_of(connection, head, members, flow_of(connection, release.id, now).burn_up)


def _member(connection: Connection, release: Release, members: list[ReportMember], customer_id: int) -> ReportMember:
    customer = require_customer(connection, customer_id)
    for member in members:
        if member.customer_id == customer_id:
            return member
    raise NotAllowed(
        f"Customer '{customer['name']}' does not take part in release '{release.name}', so there is nothing to sign; "
        "choose one of its members."
    )
