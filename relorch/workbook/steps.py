"""Customer steps: the verbs of the status table, and what a step looks like from close by."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from relorch.errors import InvalidValue, NotAllowed, NotFound
from relorch.model import text
from relorch.model.placeholders import Rendering, check_content
from relorch.model.status import TRANSITIONS, Status, Verb, verbs_from
from relorch.model.values import (
    Cluster,
    Customer,
    CustomerStep,
    Event,
    MemberState,
    Release,
    ReleaseStatus,
    StepTemplate,
    StepType,
)
from relorch.store import Connection, events, journal, rows, steps, walk
from relorch.store.rows import RowDict
from relorch.store.tables import clusters, customer_steps, customers, releases, step_templates
from relorch.workbook.core import Change, Noun
from relorch.workbook.customers import require_customer
from relorch.workbook.own_steps import (
    editable,
    edited,
    insert_custom,
    neighbour_of,
    refuse_from_template,
    shared_step,
    workable,
)
from relorch.workbook.releases import require_release
from relorch.workbook.rendering import rendering_of
from relorch.workbook.templates import checked_template, require_template
from relorch.workbook.transitions import (
    Choice,
    Outcome,
    Refusal,
    Request,
    apply_all,
    choice_of,
    ids_of,
    per_id,
    plan_all,
    planned_rows,
    require_step,
    shown_text,
    step_ids_of,
    step_value,
    template_text,
)

__all__ = ["Choice", "Outcome", "Refusal", "StepDetail", "Steps"]

Versions = int | Mapping[int, int] | None
Digests = str | Mapping[int, str | None] | None


@dataclass(frozen=True)
class StepDetail:
    """A step from close by: all that an operator needs to act on it.

    `text` and `text_sha256` are what is shown and copied: the frozen text while the step is in progress or
    done, else what renders now (None when it cannot). `rendering` is always what renders now.
    `place` and `places` are its position (from 1) among its customer's steps of the category.
    """

    step: CustomerStep
    customer: Customer
    cluster: Cluster
    release: Release
    template: StepTemplate | None
    member_state: MemberState
    rendering: Rendering
    text: str | None
    text_sha256: str | None
    frozen: bool
    place: int
    places: int
    choices: tuple[Choice, ...]
    history: tuple[Event, ...]


class Steps(Noun):
    """The verbs of customer steps.

    Each status verb takes one id or a list. With one id a refusal raises its error; with a list the legal
    ones are applied in one transaction and the refused are listed in the `Outcome`.
    `expected_version` is the `row_version` that was on the screen, for a list a dict id → version;
    `text_sha256` the digest of the text that was shown or copied, for a list a dict id → digest.

    All raise `NotFound`, `NotAllowed` (release not active, member held or removed), `IllegalTransition`
    naming the current status, and `Conflict` when the version is stale, the step is in the target status
    already, or its text is no longer the one that was shown.
    """

    def list(self, release_id: int, customer_id: int) -> list[CustomerStep]:
        """Give the steps of one member in order, deploy then verify; empty for a customer that is no member.

        Raises `NotFound` for an unknown release.
        """
        with self._core.look() as connection:
            require_release(connection, release_id)
            found = steps.list_steps(connection, release_id, text.number("customer_id", customer_id))
        return [CustomerStep(**row) for row in found]

    def get(self, step_id: int) -> CustomerStep:
        """Give one step; raises `NotFound`."""
        with self._core.look() as connection:
            return step_value(require_step(steps.with_context(connection, [text.number("step_id", step_id)]), step_id))

    def across(self, template_id: int) -> builtins.list[CustomerStep]:
        """Give the steps of one template, live or retired, of all members that are not removed.

        They come by cluster and customer, as the columns of the matrix do. Raises `NotFound`.
        """
        with self._core.look() as connection:
            require_template(connection, template_id)
            return [step_value(row) for row in steps.across(connection, template_id)]

    def claims(self, step_ids: Sequence[int]) -> dict[int, str]:
        """Give those of the steps that another operator has in progress, and who; unknown ids are left out."""
        with self._core.look() as connection:
            return steps.claimed(connection, ids_of("step_ids", step_ids), self._core.operator)

    def render(self, step_id: int) -> Rendering:
        """Give what the step's content renders to for its customer now: `.text .sha256 .problems`.

        Raises `NotFound`; a text that cannot render is no error here, its problems say why.
        """
        with self._core.look() as connection:
            return rendering_of(
                require_step(steps.with_context(connection, [text.number("step_id", step_id)]), step_id)
            )

    def detail(self, step_id: int) -> StepDetail:
        """Give the step with its target, template, text, possible verbs and history; raises `NotFound`."""
        with self._core.look() as connection:
            row = require_step(steps.with_context(connection, [text.number("step_id", step_id)]), step_id)
            siblings = steps.list_steps(connection, row["release_id"], row["customer_id"])
            history = events.select_history(connection, step_id=step_id)
            template = row["template_id"] and rows.by_id(connection, step_templates, row["template_id"])
            customer = rows.by_ids(connection, customers, [row["customer_id"]])[row["customer_id"]]
            cluster = rows.by_ids(connection, clusters, [row["cluster_id"]])[row["cluster_id"]]
            release = rows.by_ids(connection, releases, [row["release_id"]])[row["release_id"]]
        places = [sibling["id"] for sibling in siblings if sibling["category"] == row["category"]]
        rendering = rendering_of(row)
        shown, digest, frozen = shown_text(row, rendering)
        return StepDetail(
            step=step_value(row),
            customer=Customer(**customer),
            cluster=Cluster(**cluster),
            release=Release(**release),
            template=StepTemplate(**template) if template else None,
            member_state=MemberState(row["member_state"]),
            rendering=rendering,
            text=shown,
            text_sha256=digest,
            frozen=frozen,
            place=places.index(step_id) + 1,
            places=len(places),
            choices=tuple(choice_of(row, verb, rendering) for verb in verbs_from(Status(row["status"]))),
            history=tuple(Event(**event) for event in history),
        )

    def start(
        self,
        step_ids: int | Sequence[int],
        *,
        notes: str | None = None,
        expected_version: Versions = None,
        text_sha256: Digests = None,
    ) -> Outcome:
        """Claim steps: their rendered text is frozen from here on. Raises `CannotRender` when it does not render."""
        return self._apply(Verb.START, step_ids, None, notes, expected_version, text_sha256)

    def mark_done(
        self,
        step_ids: int | Sequence[int],
        *,
        notes: str | None = None,
        expected_version: Versions = None,
        text_sha256: Digests = None,
    ) -> Outcome:
        """Tick steps off, with the text that ran: the one `start` froze, else what renders now.

        Raises `CannotRender` when it does not render.
        """
        return self._apply(Verb.MARK_DONE, step_ids, None, notes, expected_version, text_sha256)

    def fail(
        self,
        step_ids: int | Sequence[int],
        *,
        reason: str,
        expected_version: Versions = None,
        text_sha256: Digests = None,
    ) -> Outcome:
        """Record that steps went wrong and why; raises `InvalidValue` for a blank reason."""
        return self._apply(Verb.FAIL, step_ids, reason, None, expected_version, text_sha256)

    def skip(self, step_ids: int | Sequence[int], *, reason: str, expected_version: Versions = None) -> Outcome:
        """Leave steps out and say why.

        Raises `InvalidValue` for a blank reason, `NotAllowed` while the live template is required.
        """
        return self._apply(Verb.SKIP, step_ids, reason, None, expected_version, None)

    def revert(
        self, step_ids: int | Sequence[int], *, reason: str | None = None, expected_version: Versions = None
    ) -> Outcome:
        """Record that what steps did was taken back."""
        return self._apply(Verb.REVERT, step_ids, reason, None, expected_version, None)

    def reopen(
        self,
        step_ids: int | Sequence[int],
        *,
        reason: str | None = None,
        take_template: bool = False,
        expected_version: Versions = None,
    ) -> Outcome:
        """Make steps pending again: what was executed is cleared from the row and stays in the history.

        `take_template` also takes the current text of the live template; a step without one is refused with
        `NotAllowed`.
        """
        taken = text.flag("take_template", take_template)
        return self._apply(Verb.REOPEN, step_ids, reason, None, expected_version, None, take_template=taken)

    def preview(
        self,
        verb: Verb | str,
        step_ids: int | Sequence[int],
        *,
        reason: str | None = None,
        notes: str | None = None,
        expected_version: Versions = None,
        take_template: bool = False,
    ) -> Outcome:
        """Give what a status verb would apply and refuse, exactly as it would, from the same rules; it only reads.

        `verb`: its name, such as `mark_done`; the other arguments and the errors are those of the verb. Only the reason
        may still be missing or blank, for it is often written last. `batch_id` is None: nothing is stored.
        """
        wanted = text.one_of("verb", verb, Verb)
        taken = text.flag("take_template", take_template)
        _refuse_unheard(wanted, reason, notes, taken)
        ids, alone = step_ids_of(step_ids)
        said = text.reason(reason, required=False)
        request = _request(wanted, ids, alone, said, notes, expected_version, None, taken)
        with self._core.look() as connection:
            seen = Change(connection, self._core.now(), self._core.operator)
            plan = plan_all(seen, request, ids, alone)
        changed = planned_rows(plan, seen.now)
        return Outcome(None, tuple(step_value(row) for row in changed), tuple(request.problems))

    def next(
        self,
        release_id: int,
        customer_id: int | None = None,
        template_id: int | None = None,
        *,
        after: int | None = None,
    ) -> CustomerStep | None:
        """Give the next step to work at, or None when nothing is left.

        Of a customer: its first open step, deploy then verify. Of a template: the first customer, by cluster and
        name, whose step of it is open. Of neither: the first customer with an open step, and its first. What
        somebody else has in progress is passed over, what failed is not; so are members on hold or removed,
        and inactive customers. A release that is not active has no next.
        `after`: a step of the release; the walk goes on behind it and round once, the step itself coming last.
        Raises `NotFound`, `InvalidValue` when both are given, or template or step are of another release.
        """
        with self._core.look() as connection:
            release = require_release(connection, release_id)
            _refuse_strange_walk(connection, release_id, customer_id, template_id)
            behind = None if after is None else _require_of_release(connection, release_id, after)
            if release["status"] != ReleaseStatus.ACTIVE:
                return None
            found = walk.next_step(
                connection, walk.Walk(release_id, self._core.operator, customer_id, template_id), behind
            )
        return None if found is None else step_value(found)

    def override(self, step_id: int, content: str, *, expected_version: int | None = None) -> CustomerStep:
        """Give a pending step a text of its own; templates do not reach it any more until `reset`.

        `content`: at most 64 KB. Raises `NotFound`, `InvalidValue`, `Conflict` for a stale version, `NotAllowed`
        when the step is not pending, is a custom step, or its release or member cannot be worked on.
        """
        wanted = text.content(content)
        with self._core.change() as change:
            row = editable(change, step_id, expected_version, "override")
            if row["is_custom"]:
                raise NotAllowed(f"Step {step_id} '{row['name']}' is a custom step; edit it instead.")
            check_content(wanted, StepType(row["type"]))
            return edited(change, "step.override", row, {"content": wanted, "is_overridden": True})

    def reset(self, step_id: int, *, expected_version: int | None = None) -> CustomerStep:
        """Take name, type and content of a pending step back from its template.

        Raises as `override` does, and `NotAllowed` for a custom step or one whose template is retired.
        """
        with self._core.change() as change:
            row = editable(change, step_id, expected_version, "reset")
            known = rows.by_ids(change.connection, step_templates, [row["template_id"]]) if row["template_id"] else {}
            return edited(change, "step.reset", row, template_text(row, known))

    def add_custom(
        self,
        release_id: int,
        customer_id: int,
        *,
        name: str,
        category: str,
        type: str,
        content: str,
        after_id: int | None = None,
        before_id: int | None = None,
        add_to_template: bool = False,
    ) -> CustomerStep:
        """Add a step for one customer of an active release, right after or before one of its steps, or at the end.

        With `add_to_template` it becomes a template there, and a step of every member that is not removed; the
        answer is that customer's. Raises `NotFound`, `InvalidValue` when the neighbour is not a step of that
        customer, release and category, `NotAllowed` when release or member cannot be worked on.
        """
        values = checked_template(name=name, category=category, type=type, content=content)
        shared = text.flag("add_to_template", add_to_template)
        with self._core.change() as change:
            release = workable(change.connection, release_id, customer_id)
            neighbour, side = neighbour_of(
                change.connection, release_id, customer_id, values["category"], after_id, before_id
            )
            if shared:
                return shared_step(change, release, customer_id, values, neighbour, side)
            row = insert_custom(change, release_id, customer_id, values, neighbour, side)
            change.record(
                "step.add_custom",
                release_id=release_id,
                customer_id=customer_id,
                step_id=row["id"],
                after={
                    **values,
                    **{name: row[name] for name in ("order_index", "anchor_template_id", "anchor_side")},
                    "rows": [journal.entry(customer_steps, [row], before=None, after={})],
                },
            )
            return step_value(row)

    def update(self, step_id: int, *, expected_version: int | None = None, **fields: Any) -> CustomerStep:
        """Change `name`, `type` or `content` of a pending custom step.

        Raises as `override` does, and `NotAllowed` for a step that comes from a template.
        """
        wanted = checked_template(**fields)
        if wanted.keys() & {"category", "description", "required"}:
            raise InvalidValue("fields", sorted(wanted), "of a custom step name, type and content can be changed")
        with self._core.change() as change:
            row = editable(change, step_id, expected_version, "change")
            refuse_from_template(row)
            merged = row | wanted
            check_content(merged["content"], StepType(merged["type"]))
            return edited(change, "step.update_custom", row, wanted)

    def delete(self, step_id: int, *, expected_version: int | None = None) -> None:
        """Delete a pending custom step; raises as `update` does. Its history stays."""
        with self._core.change() as change:
            row = editable(change, step_id, expected_version, "delete")
            refuse_from_template(row)
            whole = {name: row[name] for name in steps.STEP_COLUMNS}
            gone = journal.removed(customer_steps, whole, beside=steps.beside(change.connection, row))
            journal.take_out(change.connection, customer_steps, [step_id])
            steps.rearrange(change.connection, row["release_id"], row["category"], [row["customer_id"]])
            change.record(
                "step.delete_custom",
                release_id=row["release_id"],
                customer_id=row["customer_id"],
                step_id=step_id,
                before={"name": row["name"], "content": row["content"]},
                after={"rows": [gone]},
            )

    def _apply(
        self,
        verb: Verb,
        step_ids: int | Sequence[int],
        reason: str | None,
        notes: str | None,
        expected_version: Versions,
        text_sha256: Digests,
        *,
        take_template: bool = False,
    ) -> Outcome:
        ids, alone = step_ids_of(step_ids)
        rule = TRANSITIONS[verb]
        said = text.reason(reason, required=rule.reason == "required")
        request = _request(verb, ids, alone, said, notes, expected_version, text_sha256, take_template)
        with self._core.change() as change:
            applied = apply_all(change, request, ids, alone)
        return Outcome(change.batch_id, tuple(step_value(row) for row in applied), tuple(request.problems))


def _refuse_strange_walk(
    connection: Connection, release_id: int, customer_id: int | None, template_id: int | None
) -> None:
    if customer_id is not None and template_id is not None:
        raise InvalidValue("template_id", template_id, "give either customer_id or template_id")
    if customer_id is not None:
        require_customer(connection, customer_id)
    if template_id is not None and require_template(connection, template_id)["release_id"] != release_id:
        raise InvalidValue("template_id", template_id, "is not a template of this release")


def _require_of_release(connection: Connection, release_id: int, step_id: int) -> RowDict:
    row = rows.by_id(connection, customer_steps, text.number("after", step_id))
    if row is None:
        raise NotFound("step", step_id, "after")
    if row["release_id"] != release_id:
        raise InvalidValue("after", step_id, "is not a step of this release")
    return row


def _request(
    verb: Verb,
    ids: Sequence[int],
    alone: bool,
    reason: str | None,
    notes: str | None,
    expected_version: Versions,
    text_sha256: Digests,
    take_template: bool,
) -> Request:
    return Request(
        TRANSITIONS[verb],
        reason,
        text.reason(notes, required=False, field="notes"),
        per_id("expected_version", ids, alone, expected_version, int),
        per_id("text_sha256", ids, alone, text_sha256, str),
        take_template,
    )


def _refuse_unheard(verb: Verb, reason: str | None, notes: str | None, take_template: bool) -> None:
    """Refuse what the verb does not take."""
    if reason is not None and TRANSITIONS[verb].reason == "none":
        raise InvalidValue("reason", reason, f"'{verb}' takes notes, not a reason")
    if notes is not None and TRANSITIONS[verb].reason != "none":
        raise InvalidValue("notes", notes, f"'{verb}' takes a reason, not notes")
    if take_template and verb is not Verb.REOPEN:
        raise InvalidValue("take_template", take_template, f"is for '{Verb.REOPEN}', not for '{verb}'")
