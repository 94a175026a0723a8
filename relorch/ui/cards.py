"""The cards of the checklist: what is shown at a place, and what comes next there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from relorch.errors import NotAllowed, NotFound
from relorch.model.status import OPEN
from relorch.model.text import visible
from relorch.model.values import (
    Category,
    CustomerStep,
    Member,
    MemberState,
    Release,
    ReleaseStatus,
    StepTemplate,
)
from relorch.ui import words
from relorch.views.matrix import Matrix, MatrixCustomer
from relorch.workbook import Workbook

Walk = Literal["customer", "step"]
Card = dict[str, Any]

MANY = 40
"""From so many changed customers on, everything is read anew rather than one by one."""


@dataclass(frozen=True)
class Place:
    """What the checklist is about: one customer of a release, or one step of it; `step_id` is the open card, or 0."""

    release: Release
    walk: Walk
    member: Member | None = None
    template: StepTemplate | None = None
    step_id: int = 0


@dataclass(frozen=True)
class Shown:
    """A place with its cards, as they were read last."""

    place: Place
    head: Mapping[str, Any]
    groups: tuple[str, ...]
    cards: tuple[Card, ...]
    current: int

    def message(self) -> dict[str, Any]:
        """Give all that the widget draws."""
        release = self.place.release
        return {
            "walk": self.place.walk,
            "release": {"id": release.id, "name": visible(release.name), "status": release.status.value},
            "head": dict(self.head),
            "groups": list(self.groups),
            "cards": list(self.cards),
            "current": self.current,
        }


def place_of(
    workbook: Workbook, release_id: int, *, walk: Walk, customer_id: int = 0, template_id: int = 0, step_id: int = 0
) -> Place:
    """Give the place these ids (0: whatever fits) stand for.

    Raises `NotFound` for what is not there, `NotAllowed` for a draft and for who is no member.
    """
    release = workbook.releases.get(release_id)
    if release.status is ReleaseStatus.DRAFT:
        raise NotAllowed(words.draft_has_no_checklist(release.name))
    step = _step_of(workbook, release, step_id)
    if walk == "step":
        template_id = template_id or (step.template_id or 0 if step else _first_template(workbook, release))
        template = _template_of(workbook, release, template_id)
        return Place(release, walk, template=template, step_id=step_id)
    customer_id = customer_id or (step.customer_id if step else _first_customer(workbook, release))
    return Place(release, walk, member=_member_of(workbook, release, customer_id), step_id=step_id)


def _step_of(workbook: Workbook, release: Release, step_id: int) -> CustomerStep | None:
    if not step_id:
        return None
    step = workbook.steps.get(step_id)
    if step.release_id != release.id:
        raise NotFound("step", step_id)
    return step


def _template_of(workbook: Workbook, release: Release, template_id: int) -> StepTemplate | None:
    if not template_id:
        return None
    template = workbook.templates.get(template_id)
    if template.release_id != release.id:
        raise NotFound("step template", template_id)
    return template


def _member_of(workbook: Workbook, release: Release, customer_id: int) -> Member | None:
    if not customer_id:
        return None
    customer = workbook.customers.get(customer_id)
    for member in workbook.releases.members(release.id):
        if member.customer_id == customer.id:
            return member
    raise NotAllowed(words.no_member(customer.name, release.name))


def _first_customer(workbook: Workbook, release: Release) -> int:
    """Give the first customer with open work, else the first one, else 0."""
    customers = workbook.progress(release.id, by="customer")
    return next((int(each.key or 0) for each in customers if each.open), int(customers[0].key or 0) if customers else 0)


def _first_template(workbook: Workbook, release: Release) -> int:
    """Give the first template with open work, else the first one, else 0."""
    templates = workbook.templates.list(release.id)
    is_open = {each.key for each in workbook.progress(release.id, by="step") if each.open}
    return next((each.id for each in templates if each.id in is_open), templates[0].id if templates else 0)


def cards_of(workbook: Workbook, place: Place) -> Shown:
    """Give a place with its cards; the open one is the one that was asked for, else the next, else the first."""
    shown = _step_walk(workbook, place) if place.walk == "step" else _customer_walk(workbook, place)
    known = {card["id"] for card in shown.cards}
    if place.step_id in known:
        return replace(shown, current=place.step_id)
    card = next_card(workbook, shown) or next(iter(shown.cards), None)
    return replace(shown, current=card["id"] if card else 0)


# ---- one customer ------------------------------------------------------------------------------------------------


def _customer_walk(workbook: Workbook, place: Place) -> Shown:
    member = place.member
    if member is None:
        return Shown(place, {"said": words.RELEASE_WITHOUT_CUSTOMERS}, (), (), 0)
    customer = workbook.customers.get(member.customer_id)
    head = {
        "customer": customer.id,
        "name": visible(customer.name),
        "namespace": customer.namespace,
        "cluster": visible(workbook.clusters.get(customer.cluster_id).name),
        "said": _read_only(place.release, member),
    }
    groups = tuple(category.value.capitalize() for category in Category)
    return Shown(place, head, groups, tuple(_customer_cards(workbook, place.release.id, member)), 0)


def _read_only(release: Release, member: Member | None) -> str:
    """Say why nothing can be done here, or nothing."""
    if release.status is ReleaseStatus.ARCHIVED:
        return words.ARCHIVED_IS_READ_ONLY
    if member is not None and member.state is MemberState.HELD:
        return words.is_held(member.reason)
    if member is not None and member.state is MemberState.REMOVED:
        return words.is_removed(member.reason)
    return ""


def _customer_cards(workbook: Workbook, release_id: int, member: Member) -> Iterator[Card]:
    matrix = workbook.matrix(release_id, customer_ids=[member.customer_id])
    marks = {cell.id: cell.flags for cell in matrix.cells()}
    numbers = dict.fromkeys(Category, 0)
    for step in workbook.steps.list(release_id, member.customer_id):
        numbers[step.category] += 1
        group = list(Category).index(step.category)
        yield _card(step, marks.get(step.id, 0)) | {
            "group": group,
            "number": numbers[step.category],
            "title": visible(step.name),
            "beside": "",
        }


def _card(step: CustomerStep, marks: int) -> Card:
    who = f"{step.executed_by}, {words.moment(step.executed_at)}" if step.executed_at else ""
    return {
        "id": step.id,
        "version": step.row_version,
        "status": step.status.value,
        "who": who,
        "marks": marks,
        "category": step.category.value,
        "type": step.type.value,
        "customer": step.customer_id,
        "template": step.template_id or 0,
    }


# ---- one step ----------------------------------------------------------------------------------------------------


def _step_walk(workbook: Workbook, place: Place) -> Shown:
    template = place.template
    if template is None:
        return Shown(place, {"said": words.STEP_OF_ONE_CUSTOMER}, (), (), 0)
    matrix = workbook.matrix(place.release.id)
    templates = _walked(workbook, template)
    steps = {step.id: step for each in templates for step in workbook.steps.across(each.id)}
    head = {
        "template": template.id,
        "name": visible(template.name),
        "category": template.category.value,
        "type": template.type.value,
        "required": template.required,
        "retired": template.is_retired,
        "paired": len(templates) > 1,
        "said": _read_only(place.release, None),
    }
    clusters = tuple(dict.fromkeys(visible(customer.cluster_name) for customer in matrix.customers))
    cards = _step_cards(matrix, [each.id for each in templates], steps, clusters)
    return Shown(place, head, clusters, tuple(cards), 0)


def _walked(workbook: Workbook, template: StepTemplate) -> list[StepTemplate]:
    """Give the template, and behind a deploy step the verify step of the same name, where there is one."""
    if template.category is not Category.DEPLOY:
        return [template]
    others = workbook.templates.list(template.release_id)
    return [template, *(each for each in others if each.category is Category.VERIFY and each.name == template.name)]


def _step_cards(
    matrix: Matrix, template_ids: Sequence[int], steps: Mapping[int, CustomerStep], groups: Sequence[str]
) -> Iterator[Card]:
    rows = [at for wanted in template_ids for at, row in enumerate(matrix.rows) if row.template_id == wanted]
    for column, customer in enumerate(matrix.customers):
        for row in rows:
            cell = matrix.cell(row, column)
            step = steps.get(cell.id) if cell else None
            if cell and step:
                yield _customer_card(step, cell.flags, customer, column, groups)


def _customer_card(
    step: CustomerStep, marks: int, customer: MatrixCustomer, column: int, groups: Sequence[str]
) -> Card:
    return _card(step, marks) | {
        "group": groups.index(visible(customer.cluster_name)),
        "number": column + 1,
        "title": customer.namespace,
        "beside": visible(customer.name),
        "held": customer.state == MemberState.HELD,
    }


# ---- what changed ------------------------------------------------------------------------------------------------


def patched(workbook: Workbook, shown: Shown, customer_ids: Iterable[int]) -> tuple[Shown, list[Card]] | None:
    """Give what is shown with the cards of some customers read anew, and those cards; None: too much has changed."""
    here = {card["customer"] for card in shown.cards}
    wanted = sorted(here & set(customer_ids))
    if len(wanted) > MANY:
        return None
    if not wanted:
        return shown, []
    now = cards_of(workbook, shown.place) if shown.place.walk == "customer" else _some(workbook, shown, wanted)
    fresh = {card["id"]: card for card in now.cards}
    before = [card["id"] for card in shown.cards if card["customer"] in wanted]
    if list(fresh) != before:
        return None
    cards = tuple(
        fresh[card["id"]] | {"number": card["number"]} if card["id"] in fresh else card for card in shown.cards
    )
    changed = [card for card, old in zip(cards, shown.cards, strict=True) if card != old]
    return replace(shown, cards=cards), changed


def _some(workbook: Workbook, shown: Shown, customer_ids: Sequence[int]) -> Shown:
    template = shown.place.template
    if template is None:
        return shown
    release_id = shown.place.release.id
    matrix = workbook.matrix(release_id, customer_ids=customer_ids)
    steps = {step.id: step for each in customer_ids for step in workbook.steps.list(release_id, each)}
    ids = [each.id for each in _walked(workbook, template)]
    return replace(shown, cards=tuple(_step_cards(matrix, ids, steps, shown.groups)))


# ---- what is next ------------------------------------------------------------------------------------------------


def next_card(workbook: Workbook, shown: Shown, after: int | None = None) -> Card | None:
    """Give the next card to work at behind a step (its id), the step itself coming last; None when nothing is left."""
    found = {step.id for step in _next_steps(workbook, shown.place, after)}
    start = next((at + 1 for at, card in enumerate(shown.cards) if card["id"] == after), 0)
    return next((card for card in (*shown.cards[start:], *shown.cards[:start]) if card["id"] in found), None)


def _next_steps(workbook: Workbook, place: Place, after: int | None) -> Iterator[CustomerStep]:
    """Give the next step, of each template where a verify step is walked right behind its deploy step."""
    release_id, next_of = place.release.id, workbook.steps.next
    found: list[CustomerStep | None] = []
    if place.member is not None:
        found = [next_of(release_id, place.member.customer_id, after=after)]
    elif place.template is not None:
        found = [next_of(release_id, template_id=each.id, after=after) for each in _walked(workbook, place.template)]
    yield from (step for step in found if step is not None)


def coming(workbook: Workbook, shown: Shown, after: int) -> dict[str, Any]:
    """Say what comes behind a step (its id): the step, or that nothing does and where there is open work."""
    card = next_card(workbook, shown, after or None)
    if card is None:
        return {"step": 0, "said": _nothing(shown), "offer": _offer(workbook, shown)}
    if card["id"] == after:
        return {"step": 0, "said": words.LAST_OPEN, "offer": None}
    return {"step": card["id"], "said": _said(shown, card), "offer": None}


def _said(shown: Shown, card: Card) -> str:
    if shown.place.walk == "customer":
        return words.next_step(card["category"], card["number"], card["title"])
    return words.next_customer(f"{shown.groups[card['group']]}/{card['title']}", card["beside"])


def _nothing(shown: Shown) -> str:
    """Say why there is no next: all is closed, or what is open is not for this operator to take up."""
    if shown.head["said"] or not shown.cards:
        return ""
    theirs = sum(card["status"] in OPEN for card in shown.cards if not card.get("held"))
    held = sum(card["status"] in OPEN for card in shown.cards if card.get("held"))
    if theirs:
        return words.claimed_here(theirs)
    if shown.place.walk == "customer":
        return words.complete(shown.head["name"])
    return words.complete_but_held(held) if held else words.STEP_IS_COMPLETE


def _offer(workbook: Workbook, shown: Shown) -> dict[str, Any] | None:
    """Give the next customer, or the next step, that has open work."""
    place = shown.place
    if place.release.status is not ReleaseStatus.ACTIVE:
        return None
    by, here = place.walk, shown.head.get("customer" if place.walk == "customer" else "template")
    groups = workbook.progress(place.release.id, by=by)
    start = next((at + 1 for at, each in enumerate(groups) if each.key == here), 0)
    for each in (*groups[start:], *groups[:start]):
        if each.open and each.key != here and isinstance(each.key, int):
            name = visible(each.label or "")
            return {"id": each.key, "text": words.go_to_customer(name) if by == "customer" else words.go_to_step(name)}
    return None


# ---- what can be picked ------------------------------------------------------------------------------------------


def picks(workbook: Workbook, release: Release) -> dict[str, Any]:
    """Give the releases, and the customers and step templates of one, that can be gone to."""
    matrix = workbook.matrix(release.id)
    return {
        "releases": [
            {"id": each.id, "name": visible(each.name), "status": each.status.value}
            for each in workbook.releases.list()
            if each.status is not ReleaseStatus.DRAFT
        ],
        "customers": [_pick(customer) for customer in matrix.customers],
        "templates": [
            {"id": template_id, "name": visible(row.name), "category": row.category}
            for template_id, row in {row.template_id: row for row in matrix.rows if row.template_id}.items()
        ],
    }


def _pick(customer: MatrixCustomer) -> dict[str, Any]:
    return {
        "id": customer.id,
        "name": visible(customer.name),
        "namespace": customer.namespace,
        "cluster": visible(customer.cluster_name),
        "held": customer.state == MemberState.HELD,
    }
