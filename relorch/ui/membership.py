"""Who takes part in a release: the list of its members, and the choice of customers to add, hold or remove."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import marimo as mo

from relorch.errors import Conflict, StorageError
from relorch.model.progress import Progress
from relorch.model.values import Customer, Member, MemberState, Release, ReleaseStatus
from relorch.ui import words
from relorch.ui.answer import Answer, attempt, not_stored
from relorch.ui.form import other_numbers
from relorch.ui.meters import bar, percent
from relorch.ui.page import Markup, element, html, joined, link
from relorch.ui.widgets.customers import Offered
from relorch.views.effect import Enrolment, StepNote
from relorch.views.standing import Version
from relorch.workbook import Workbook

VERBS = ("hold", "resume", "remove")
"""What can be done to members."""

_UNFOLDED = 60
"""A list of so many members is unfolded at once."""
_ROWS = 100
"""So many customers of a cluster are listed; the matrix has them all."""
_NAMED = 3
"""So many of the members that something was done to are named."""
_LINES = 5
"""So many steps that cannot render, or customers of one, are shown at once."""


@dataclass(frozen=True)
class Taking:
    """One customer in one release: who it is, how it takes part, and how far it is."""

    customer: Customer
    cluster_name: str
    member: Member
    progress: Progress | None


def taking_part(workbook: Workbook, release: Release) -> list[Taking]:
    """Give who takes part in a release, removed ones too, by cluster and name."""
    clusters = {cluster.id: cluster.name for cluster in workbook.clusters.list(inactive=True)}
    progress = {each.key: each for each in workbook.progress(release.id, by="customer")}
    members = {member.customer_id: member for member in workbook.releases.members(release.id)}
    return [
        Taking(customer, clusters[customer.cluster_id], members[customer.id], progress.get(customer.id))
        for customer in workbook.customers.list(inactive=True)
        if customer.id in members and customer.cluster_id in clusters
    ]


def members(workbook: Workbook, release: Release) -> Markup:
    """Give the members of a release by cluster, with their state and how far each is."""
    taking = taking_part(workbook, release)
    if not taking:
        return html('<p class="ro-page ro-notice">{text}</p>', text=words.NO_MEMBERS)
    ordered = sorted(taking, key=lambda each: (each.cluster_name, each.customer.cluster_id))
    unfolded = len(taking) <= _UNFOLDED
    far = {each.key: each for each in workbook.progress(release.id, by="cluster")}
    return html(
        '<div class="ro-page ro-members">{clusters}</div>',
        clusters=joined(
            _cluster(release, name, list(rows), far.get(cluster_id), unfolded=unfolded)
            for (name, cluster_id), rows in groupby(
                ordered, key=lambda each: (each.cluster_name, each.customer.cluster_id)
            )
        ),
    )


def _cluster(release: Release, name: str, taking: Sequence[Taking], far: Progress | None, *, unfolded: bool) -> Markup:
    counts = words.members(*(sum(each.member.state is state for each in taking) for state in MemberState))
    first = sorted(taking, key=lambda each: _ORDER.index(each.member.state))
    return html(
        "<details {open}><summary><b>{name}</b> · {counts}{far}</summary><table><thead><tr>{head}</tr></thead>"
        "<tbody>{rows}</tbody></table>{more}</details>",
        open=Markup("open") if unfolded else "",
        name=name,
        counts=counts,
        far=f" · {percent(far)} closed" if far is not None else "",
        head=joined(html('<th scope="col">{text}</th>', text=text) for text in words.MEMBER_COLUMNS),
        rows=joined(_member(release, each) for each in first[:_ROWS]),
        more=_more(release, first[_ROWS:]),
    )


_ORDER = (MemberState.HELD, MemberState.ACTIVE, MemberState.REMOVED)


def _more(release: Release, rest: Sequence[Taking]) -> Markup:
    if not rest:
        return Markup()
    text = words.more_in_matrix(len(rest))
    return html("<p>{way}</p>", way=link("matrix", text, release=release.id, cluster=rest[0].customer.cluster_id))


def _member(release: Release, each: Taking) -> Markup:
    reason = f": {each.member.reason}" if each.member.reason else ""
    return html(
        '<tr class="ro-{state}"><td>{name} <span class="ro-where">{namespace}</span></td>'
        '<td><span class="ro-word ro-state-{state}">{state}</span>{reason}</td><td>{progress}</td></tr>',
        state=each.member.state.value,
        name=link("checklist", each.customer.name, release=release.id, customer=each.customer.id),
        namespace=each.customer.namespace,
        reason=reason,
        progress=_member_progress(each),
    )


def _member_progress(each: Taking) -> Markup:
    if each.progress is None or not each.progress.total:
        return html("–")
    return html(
        '<span class="ro-far">{bar}<span>{percent}</span></span>',
        bar=bar(each.customer.name, each.progress),
        percent=percent(each.progress),
    )


@dataclass(frozen=True)
class Joining:
    """Customers coming into a release: whom to offer, whom to choose by one button."""

    release: Release
    offered: tuple[Offered, ...]
    quick: Mapping[str, Sequence[int]]

    @property
    def activates(self) -> bool:
        """Whether the customers come in by the activation of a draft."""
        return self.release.status is ReleaseStatus.DRAFT

    @property
    def label(self) -> str:
        """What the choice is for."""
        return words.FOR_RELEASE if self.activates else words.FOR_ADDING

    def button(self, chosen: Sequence[int]) -> mo.ui.run_button:
        """Give the button for so many customers; it is off until there is one."""
        other_numbers()  # other numbers than the button before: a press meant for that preview is none for this one
        label = words.activate_for(len(chosen)) if self.activates else words.add(len(chosen))
        return mo.ui.run_button(label=label, kind="success", disabled=not chosen)


def joining(workbook: Workbook, release: Release) -> Joining:
    """Give who can be chosen for a release: every customer in use that does not take part in it now."""
    states = {member.customer_id: member.state for member in workbook.releases.members(release.id)}
    versions = workbook.versions()
    offered = [
        _offered(each, name, versions, words.WOULD_COME_BACK if each.id in states else None)
        for each, name in _placed(workbook)
        if states.get(each.id, MemberState.REMOVED) is MemberState.REMOVED
    ]
    version = release.version_number
    behind = [each.id for each in offered if each.version != version]
    return Joining(release, tuple(offered), {words.not_on(version): behind} if version else {})


def preview(workbook: Workbook, release: Release, chosen: Sequence[int]) -> Answer[Enrolment] | None:
    """Give what the chosen customers would get, or why they cannot come in; None when nobody is chosen.

    Raises `StorageError` when that cannot be read now.
    """
    if not chosen:
        return None
    answer = _preview(workbook, release, chosen)
    if isinstance(answer.error, StorageError):
        raise answer.error
    return answer


def _preview(workbook: Workbook, release: Release, chosen: Sequence[int]) -> Answer[Enrolment]:
    draft = release.status is ReleaseStatus.DRAFT
    look = workbook.releases.preview_activate if draft else workbook.releases.preview_add_customers
    return attempt(lambda: look(release.id, chosen), lambda _: "")


def join(workbook: Workbook, release: Release, chosen: Sequence[int], shown: Answer[Enrolment] | None) -> Answer[Any]:
    """Activate a draft for the chosen customers, or add them to an active release.

    `shown` is the preview on the screen: when something else would come of it by now, nothing is done.
    """
    now = _preview(workbook, release, chosen)
    if now.result is not None and (shown is None or shown.result != now.result):
        return not_stored(words.PREVIEW_IS_OLD)
    join_now = _activate if release.status is ReleaseStatus.DRAFT else _add
    answer = join_now(workbook, release, chosen, now.result)
    return not_stored(words.PREVIEW_IS_OLD) if isinstance(answer.error, Conflict) else answer


def _activate(
    workbook: Workbook, release: Release, chosen: Sequence[int], expected: Enrolment | None
) -> Answer[Release]:
    return attempt(
        lambda: workbook.releases.activate(release.id, customer_ids=chosen, expected=expected),
        lambda stored: html(
            "{text} {way}",
            text=words.activated(stored.name, len(chosen)),
            way=link("matrix", words.OPEN_MATRIX, release=stored.id),
        ),
    )


def _add(
    workbook: Workbook, release: Release, chosen: Sequence[int], expected: Enrolment | None
) -> Answer[tuple[int, ...]]:
    return attempt(
        lambda: workbook.releases.add_customers(release.id, chosen, expected=expected),
        lambda already: words.added(len(chosen) - len(already), [_name(workbook, each) for each in already]),
    )


def cannot_render(shown: Answer[Enrolment] | None) -> Markup:
    """Give the steps that would have no text for some of the chosen customers, and why; or that all have one."""
    if shown is None:
        return html('<p class="ro-page ro-hint">{text}</p>', text=words.CHOOSE_FIRST)
    if shown.result is None:
        return element(shown.shown)
    counted = words.would_get(len(shown.result.customers), shown.result.steps)
    return html('<p class="ro-page">{counted}</p>{rows}', counted=counted, rows=_unrendered(shown.result.cannot_render))


def _unrendered(notes: Sequence[StepNote]) -> Markup:
    if not notes:
        return html('<p class="ro-page ro-hint">{text}</p>', text=words.ALL_RENDER)
    by_step: dict[str, list[StepNote]] = {}
    for note in notes:
        by_step.setdefault(note.name, []).append(note)
    rows = [_unrendered_step(name, found) for name, found in by_step.items()]
    rest = rows[_LINES:]
    more = (
        html(
            "<details><summary>{text}</summary><ul>{rows}</ul></details>", text=words.more(len(rest)), rows=joined(rest)
        )
        if rest
        else ""
    )
    return html(
        '<div class="ro-page ro-warned" role="note"><p><b>{title}</b> {hint}</p><ul>{rows}</ul>{more}</div>',
        title=words.cannot_render(len(by_step)),
        hint=words.CANNOT_RENDER_HINT,
        rows=joined(rows[:_LINES]),
        more=more,
    )


def _unrendered_step(name: str, notes: Sequence[StepNote]) -> Markup:
    whom = [f"{note.customer_name} ({note.cluster_name}/{note.namespace})" for note in notes]
    why = "; ".join(dict.fromkeys(note.why or "" for note in notes))
    if len(whom) <= _LINES:
        return html("<li><b>{name}</b>: {why}. {whom}</li>", name=name, why=why, whom=", ".join(whom))
    return html(
        "<li><b>{name}</b>: {why}<details><summary>{count}</summary>{whom}</details></li>",
        name=name,
        why=why,
        count=words.customers(len(whom)),
        whom=", ".join(whom),
    )


def nobody(workbook: Workbook, release: Release) -> Markup:
    """Say that there is no customer to choose: none at all, or none that does not take part already."""
    if workbook.customers.list():
        return html('<p class="ro-page ro-notice">{text}</p>', text=words.NOBODY_LEFT)
    return html(
        '<p class="ro-page ro-notice">{text} {way}</p>',
        text=words.NO_CUSTOMERS,
        way=link("inventory", words.TO_INVENTORY),
    )


def changeable(workbook: Workbook, release: Release) -> list[Offered]:
    """Give the members of a release to choose from, each with its state; the removed are not among them."""
    versions = workbook.versions()
    return [
        _offered(each.customer, each.cluster_name, versions, _held(each.member))
        for each in taking_part(workbook, release)
        if each.member.state is not MemberState.REMOVED
    ]


def held(offered: Sequence[Offered]) -> Mapping[str, Sequence[int]]:
    """Give the held members to choose by one button, if there are any."""
    ids = [each.id for each in offered if each.state is not None]
    return {words.ALL_HELD: ids} if ids else {}


def change_members(
    workbook: Workbook, release: Release, verb: str, chosen: Sequence[int], reason: str
) -> Answer[tuple[Member, ...]]:
    """Hold, resume or remove the chosen members."""
    done: Callable[[], tuple[Member, ...]] = {
        "hold": lambda: workbook.releases.hold(release.id, chosen, reason),
        "resume": lambda: workbook.releases.resume(release.id, chosen),
        "remove": lambda: workbook.releases.remove(release.id, chosen, reason),
    }[verb]
    return attempt(done, lambda changed: _changed(workbook, verb, changed))


def _changed(workbook: Workbook, verb: str, changed: Sequence[Member]) -> str:
    named = [_name(workbook, each.customer_id) for each in changed[:_NAMED]]
    return words.changed_members(verb, named, len(changed))


def _held(member: Member) -> str | None:
    return member.state.value if member.state is MemberState.HELD else None


def _offered(customer: Customer, cluster_name: str, versions: Mapping[int, Version], state: str | None) -> Offered:
    return Offered(
        id=customer.id,
        name=customer.name,
        namespace=customer.namespace,
        cluster_id=customer.cluster_id,
        cluster_name=cluster_name,
        version=_version(versions.get(customer.id)),
        state=state,
    )


def _placed(workbook: Workbook) -> Iterable[tuple[Customer, str]]:
    """Give the customers in use with the names of their clusters."""
    clusters = {cluster.id: cluster.name for cluster in workbook.clusters.list(inactive=True)}
    return [(each, clusters.get(each.cluster_id, "")) for each in workbook.customers.list()]


def _name(workbook: Workbook, customer_id: int) -> str:
    return workbook.customers.get(customer_id).name


def _version(current: Version | None) -> str | None:
    return current.version_number if current is not None else None
