"""Why nothing is next: all is done, or what stands in the way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from relorch.model.status import OPEN, Status
from relorch.model.values import CustomerStep, Member, MemberState, Release, ReleaseStatus

if TYPE_CHECKING:
    from relorch.workbook import Workbook

ALL_DONE = "allDone"
_NAMED = 5


@dataclass(frozen=True)
class Nothing:
    """That nothing is next, `why` as a word for programs and `message` as a sentence for people.

    `why`: allDone, notActive, noMember, removed, held, inactive, claimed, or other when the workbook changed meanwhile.
    """

    why: str
    message: str


def nothing_next(workbook: Workbook, release_id: int, customer_id: int | None, template_id: int | None) -> Nothing:
    """Say why `steps.next` gave None for these; raises what it raises."""
    release = workbook.releases.get(release_id)
    if release.status is not ReleaseStatus.ACTIVE:
        return Nothing(
            "notActive", f"release '{release.name}' is {release.status.value}; only an active one has a next step."
        )
    if customer_id is not None:
        return _of_customer(workbook, release, customer_id)
    if template_id is not None:
        return _of_template(workbook, release, template_id)
    return _of_release(workbook, release)


def _of_customer(workbook: Workbook, release: Release, customer_id: int) -> Nothing:
    who = whose(workbook, customer_id)
    members = {each.customer_id: each for each in workbook.releases.members(release.id)}
    if customer_id not in members:
        return Nothing("noMember", f"{who} takes no part in release '{release.name}'.")
    steps = workbook.steps.list(release.id, customer_id)
    count = f"{len(_open(steps))} of its {len(steps)} steps are open"
    barred = _barred(members[customer_id], f"{who} {{}} release '{release.name}'", count)
    if barred is not None:
        return barred
    if not _open(steps):
        return Nothing(ALL_DONE, f"nothing is left for {who} in release '{release.name}': {count}.")
    if not workbook.customers.get(customer_id).is_active:
        return Nothing("inactive", f"{who} is inactive, so nothing is next there; {count}.")
    return _claimed(workbook, _open(steps), f"nothing is next for you at {who}", count)


def _barred(member: Member, sentence: str, count: str) -> Nothing | None:
    """Say that a member is not worked on, or None; `sentence` has a gap for how it stands to its release."""
    if member.state is MemberState.ACTIVE:
        return None
    held = member.state is MemberState.HELD
    stands = sentence.format("is on hold in" if held else "was removed from")
    return Nothing(member.state.value, f"{stands}: {member.reason}; {count}.")


def _of_template(workbook: Workbook, release: Release, template_id: int) -> Nothing:
    states = {each.customer_id: each.state for each in workbook.releases.members(release.id)}
    steps = workbook.steps.across(template_id)
    open_steps = _open(steps)
    name = f"step '{workbook.templates.get(template_id).name}' of release '{release.name}'"
    held = [step for step in open_steps if states[step.customer_id] is MemberState.HELD]
    count = f"{len(open_steps)} of {len(steps)} customers have it open, {len(held)} of them on hold"
    if not open_steps:
        return Nothing(ALL_DONE, f"{name} is left for nobody: {count}.")
    if len(held) == len(open_steps):
        return Nothing("held", f"nobody is next for {name}; {count}.")
    return _claimed(workbook, open_steps, f"nobody is next for {name}", count)


def _of_release(workbook: Workbook, release: Release) -> Nothing:
    counted = workbook.progress(release.id)
    count = f"{counted.open} of {counted.total} steps are open, and {counted.held_open} of customers on hold"
    if not counted.open and not counted.held_open:
        return Nothing(ALL_DONE, f"nothing is left in release '{release.name}'.")
    if not counted.open:
        return Nothing("held", f"nothing is next in release '{release.name}'; {count}.")
    at_work = [each.key for each in workbook.progress(release.id, by="customer") if each.counts[Status.IN_PROGRESS]]
    some = [workbook.steps.list(release.id, int(key)) for key in at_work[:_NAMED] if key is not None]
    sentence = f"nothing is next for you in release '{release.name}'"
    return _claimed(workbook, chain(*some), sentence, count, of=counted.counts[Status.IN_PROGRESS])


def _open(steps: Iterable[CustomerStep]) -> list[CustomerStep]:
    return [step for step in steps if step.status in OPEN]


def _claimed(
    workbook: Workbook, steps: Iterable[CustomerStep], sentence: str, count: str, of: int | None = None
) -> Nothing:
    """Say who has the steps in progress; `of`: how many are, when the steps are only some of them."""
    by_id = {step.id: step for step in steps}
    claims = workbook.steps.claims(list(by_id))
    if not claims:
        return Nothing("other", f"{sentence}; {count}.")
    told = [claim(workbook, by_id[each], who) for each, who in list(claims.items())[:_NAMED]]
    others = (of or len(claims)) - len(told)
    more = f"; and {others} more" if others > 0 else ""
    return Nothing("claimed", f"{sentence}: {'; '.join(told)}{more}; {count}.")


def claim(workbook: Workbook, step: CustomerStep, who: str) -> str:
    """Say that somebody has a step in progress, whose it is, and since when."""
    since = "" if step.executed_at is None else f" since {step.executed_at:%Y-%m-%d %H:%M} UTC"
    return f"step {step.id} '{step.name}' of {whose(workbook, step.customer_id)} is in progress by {who}{since}"


def whose(workbook: Workbook, customer_id: int) -> str:
    """Give one customer as a sentence names it: `cluster/namespace 'name'`."""
    found = workbook.customers.get(customer_id)
    return f"{workbook.clusters.get(found.cluster_id).name}/{found.namespace} '{found.name}'"
