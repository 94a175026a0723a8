"""Who would join a release, and which of their steps would have no text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from relorch.errors import Conflict, InvalidValue
from relorch.model.status import Status
from relorch.model.values import Customer
from relorch.store import Connection, rows, steps
from relorch.store.rows import RowDict
from relorch.store.tables import customers
from relorch.views.effect import Enrolment, unrendered
from relorch.workbook.rendering import rendering_of

_SAID = ("name", "category", "type", "content")


def enrolment(
    connection: Connection,
    release_id: int,
    customer_ids: Sequence[int],
    templates: Sequence[RowDict],
    already: tuple[int, ...] = (),
) -> Enrolment:
    """Give what becomes of customers who get these live templates; those who were members keep what they had."""
    joining = steps.joining_contexts(connection, release_id, customer_ids)
    found = rows.by_ids(connection, customers, customer_ids)
    kept = _kept(connection, release_id, customer_ids)
    return Enrolment(
        customers=tuple(Customer(**found[row["customer_id"]]) for row in joining),
        steps=len(templates) * len(joining) - _had(templates, kept),
        templates=tuple((row["id"], row["row_version"]) for row in templates),
        cannot_render=unrendered(_made(joining, templates, kept), rendering_of),
        already=already,
    )


def refuse_other(
    connection: Connection,
    release_id: int,
    customer_ids: Sequence[int],
    templates: Sequence[RowDict],
    expected: Enrolment | None,
) -> None:
    """Refuse with `Conflict` that others join, or get other steps, than a preview said; None: any may.

    What decides that is compared, not rendered anew: that takes too long for what keeps everybody else from writing.
    """
    if expected is None:
        return
    if not isinstance(expected, Enrolment):
        raise InvalidValue("expected", expected, "must be what the preview gave")
    found = rows.by_ids(connection, customers, customer_ids)
    steps_now = len(templates) * len(found) - _had(templates, _kept(connection, release_id, customer_ids))
    now = (_versions(found.values()), _versions(templates), steps_now)
    seen = {(each.id, each.row_version) for each in expected.customers}
    if now != (seen, set(expected.templates), expected.steps):
        message = "The steps or the customers were changed after the preview; look at it again, then do it once more."
        raise Conflict(message, who=None, when=None)


def _versions(found: Iterable[RowDict]) -> set[tuple[int, int]]:
    return {(row["id"], row["row_version"]) for row in found}


def _had(templates: Sequence[RowDict], kept: dict[int, list[RowDict]]) -> int:
    """Count the steps that those who come back have already."""
    live = {row["id"] for row in templates}
    return sum(step["template_id"] in live for own in kept.values() for step in own)


def _made(
    joining: Sequence[RowDict], templates: Sequence[RowDict], kept: dict[int, list[RowDict]]
) -> Iterator[RowDict]:
    """Give each step with its context as it is going to be: only those whose text depends on the customer."""
    texts = {row["id"]: {name: row[name] for name in _SAID} | {"template_id": row["id"]} for row in templates}
    varying = {template_id: text for template_id, text in texts.items() if "${{" in text["content"]}
    for row in joining:
        own = kept.get(row["customer_id"], [])
        had = {step["template_id"] for step in own}
        for template_id, text in varying.items():
            if template_id not in had:
                yield row | text
        for step in own:
            yield from _reopened(row, step, texts)


def _reopened(context: RowDict, step: RowDict, texts: dict[int, RowDict]) -> Iterator[RowDict]:
    """Give a step that a customer had before, if it is still to be done, with the text it will have."""
    if step["status"] == Status.PENDING:
        follows = not step["is_overridden"] and step["template_id"] in texts
        text = texts[step["template_id"]] if follows else {name: step[name] for name in (*_SAID, "template_id")}
        if "${{" in text["content"]:
            yield context | {"id": step["id"], "status": step["status"]} | text


def _kept(connection: Connection, release_id: int, customer_ids: Sequence[int]) -> dict[int, list[RowDict]]:
    """Give the steps that some of the customers have from an earlier membership, by customer."""
    found = steps.plain_steps(connection, release_id, customer_ids)
    return {customer: list(group) for customer, group in groupby(found, key=lambda row: row["customer_id"])}
