"""What a word of the command line names: digits are an id, anything else is an exact name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from relorch.errors import InvalidValue, NotFound, shown
from relorch.workbook import Workbook

_LISTED = 20
_LONGEST = 19
_Thing = TypeVar("_Thing")


class WrongWord(InvalidValue):
    """A word that names nothing, whatever the workbook holds: wrong usage, so the command line leaves with 2."""


class Ambiguous(WrongWord):
    """A name that several have: the message lists them with their ids."""


def release_id(wb: Workbook, text: str) -> int:
    """Give the id of the release that `text` names: its id or exact name. Raises `NotFound`, `InvalidValue`."""
    if is_id(text):
        return wb.releases.get(id_of(text)).id
    matching = [release for release in wb.releases.list() if release.name == text]
    return only("release", text, matching, lambda release: f"'{release.name}' (id {release.id})").id


def cluster_id(wb: Workbook, text: str) -> int:
    """Give the id of the cluster that `text` names: its id or exact name, an active one before an inactive.

    Raises `NotFound`, and `Ambiguous` listing those that match.
    """
    if is_id(text):
        return wb.clusters.get(id_of(text)).id
    matching = _in_use(cluster for cluster in wb.clusters.list(inactive=True) if cluster.name == text)
    return only("cluster", text, matching, lambda cluster: f"'{cluster.name}' (id {cluster.id})").id


def customer_id(wb: Workbook, text: str) -> int:
    """Give the id of the customer that `text` names: its id, exact name, namespace or `cluster/namespace`.

    Active ones come before inactive ones. Raises `NotFound`, and `Ambiguous` listing those that match.
    """
    if is_id(text):
        return wb.customers.get(id_of(text)).id
    every, target = wb.customers.list(inactive=True), targets(wb)
    matching = _in_use(each for each in every if text in (each.name, each.namespace, target[each.id]))
    return only("customer", text, matching, lambda each: f"{target[each.id]} '{each.name}' (id {each.id})").id


def targets(wb: Workbook) -> dict[int, str]:
    """Give where each customer is, by its id: `cluster/namespace`, of inactive ones too."""
    clusters = {cluster.id: cluster.name for cluster in wb.clusters.list(inactive=True)}
    return {each.id: f"{clusters[each.cluster_id]}/{each.namespace}" for each in wb.customers.list(inactive=True)}


def customer_ids(wb: Workbook, texts: Sequence[str]) -> list[int]:
    """Give the ids of customers as `customer_id` does, each once, in the order they were named in."""
    return list(dict.fromkeys(customer_id(wb, text) for text in texts))


def template_id(wb: Workbook, release: int, text: str) -> int:
    """Give the id of the template of a release that `text` names: its id or exact name, live before retired."""
    if is_id(text):
        return wb.templates.get(id_of(text)).id
    every = [template for template in wb.templates.list(release, retired=True) if template.name == text]
    matching = [template for template in every if not template.is_retired] or every
    return only("template", text, matching, lambda each: f"'{each.name}' of {each.category} (id {each.id})").id


def step_id(wb: Workbook, text: str, release: int | None = None, customer: int | None = None) -> int:
    """Give the id of the step that `text` names: its id, or its exact name where release and customer are known.

    An id of another release or customer than these is refused with `InvalidValue`; raises `NotFound`, `Ambiguous`,
    and `WrongWord` for what can be neither.
    """
    if is_id(text):
        return _of_these(wb, id_of(text), release, customer)
    if release is None or customer is None:
        raise WrongWord("step", text, "is no id; a step's name needs --release and --customer beside it")
    matching = [step for step in wb.steps.list(release, customer) if step.name == text]
    return only("step", text, matching, lambda step: f"'{step.name}' of {step.category} (id {step.id})").id


def is_id(text: str) -> bool:
    """Whether a word is an id: digits only."""
    return text.isascii() and text.isdigit()


def id_of(text: str) -> int:
    """Give the id that digits are; raises `WrongWord` for a number that is none."""
    if len(text) > _LONGEST or not 0 < int(text) < 2**63:  # Python itself refuses to read thousands of digits
        raise WrongWord("id", text, "is no id; ids go from 1 and have less digits")
    return int(text)


def only(kind: str, text: str, matching: Sequence[_Thing], told: Callable[[_Thing], str]) -> _Thing:
    """Give the one thing that matches `text`; raises `NotFound` for none, `Ambiguous` with `told` of each."""
    if not matching:
        raise NotFound(kind, text, kind)
    if len(matching) > 1:
        listed = ", ".join(told(each) for each in matching[:_LISTED])
        more = f" and {len(matching) - _LISTED} more" if len(matching) > _LISTED else ""
        raise Ambiguous(kind, text, f"names more than one: {listed}{more}; say which by its id")
    return matching[0]


def _in_use(matching: Iterable[_Thing]) -> list[_Thing]:
    every = list(matching)
    return [each for each in every if getattr(each, "is_active", True)] or every


def _of_these(wb: Workbook, number: int, release: int | None, customer: int | None) -> int:
    step = wb.steps.get(number)
    for field, wanted, has in (("release", release, step.release_id), ("customer", customer, step.customer_id)):
        if wanted is not None and wanted != has:
            raise InvalidValue("step", number, f"is a step of {field} {has}, not of {field} {shown(wanted)}")
    return step.id
