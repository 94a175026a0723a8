"""Taking over a database of the original specification's own stack, into an empty workbook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

from relorch.errors import InvalidValue, NotAllowed
from relorch.model import placeholders, text
from relorch.model.ordering import Side
from relorch.model.status import OPEN, Status
from relorch.model.values import Category, ReleaseStatus, StepType
from relorch.store import journal, rows, whole
from relorch.store.events import newest_id
from relorch.store.rows import RowDict
from relorch.store.spec_database import SpecDatabase, copied
from relorch.transfer import spec_database as spec
from relorch.transfer.release_file import numbered
from relorch.transfer.spec_database import Ledger, Source, TooManyErrors
from relorch.workbook.core import Change, Core
from relorch.workbook.imports import Imported, Planned

_AT_ONCE = 1_000
_NOUNS = {"clusters": "cluster", "customers": "customer", "releases": "release", "step_templates": "template"}
_TELLING = ("status", "executed_at", "executed_by", "executed_sha256", "skip_reason", "notes")


class _NotToBeStored(Exception):
    """Leaves the transaction of an import that was only tried, or has errors."""


def import_spec_database(core: Core, path: Path, *, dry_run: bool = False) -> Imported:
    """Read the database at `path` into the empty workbook of `core`; see `Imports.spec_database`."""
    ledger, taken = Ledger(), Counter[str]()
    try:
        with copied(path, core.store.path) as database, core.change() as change:
            _refuse_filled(change)
            gone = database.missing()
            for name in gone:
                ledger.error("the database", path.name, f"it has no {name}; a database of the specification has it")
            if not gone:
                _Import(database, change, ledger, taken).run()
            if ledger.stops or dry_run:
                raise _NotToBeStored
    except (_NotToBeStored, TooManyErrors):
        done = () if ledger.stops else _planned(taken)
        return Imported(done, ledger.findings(), stored=False, error_count=ledger.error_count)
    return Imported(_planned(taken), ledger.findings(), stored=True, batch_id=change.batch_id)


def _planned(taken: Counter[str]) -> tuple[Planned, ...]:
    return tuple(Planned("add", name, f"{taken[name]:,}") for name in whole.TABLES if name in taken)


def _refuse_filled(change: Change) -> None:
    held = {name: count for name, count in whole.counts(change.connection).items() if count}
    if held or newest_id(change.connection):
        told = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in held.items())
        raise NotAllowed(
            f"This workbook holds {told}; a database of another application goes into a new one only, "
            "as every row keeps its id. Name a new file."
        )


@dataclass
class _Import:
    """One import: what was read so far, by id, and what is told of it."""

    database: SpecDatabase
    change: Change
    ledger: Ledger
    taken: Counter[str]
    clusters: dict[int, RowDict] = field(default_factory=dict)
    customers: dict[int, RowDict] = field(default_factory=dict)
    releases: dict[int, RowDict] = field(default_factory=dict)
    templates: dict[int, RowDict] = field(default_factory=dict)
    rests: dict[tuple[str, int], dict[str, str]] = field(default_factory=dict)
    members: list[RowDict] = field(default_factory=list)
    steps: Counter[tuple[int, int]] = field(default_factory=Counter)
    told: list[dict[str, Any]] = field(default_factory=list)
    numbered: dict[tuple[str, int, str], Iterator[str]] = field(default_factory=dict)

    def run(self) -> None:
        """Read everything, write what is right, and record it."""
        self.clusters = self._read("clusters", spec.cluster)
        self.customers = self._read("customers", spec.customer)
        self.releases = self._read("releases", spec.release)
        self.templates = self._read("step_templates", spec.template)
        self._settle_inventory()
        self._settle_releases()
        self._settle_templates()
        for name in _NOUNS:
            self._add(name, list(getattr(self, name.removeprefix("step_")).values()))
        self._take_steps()
        self._record()

    def _sources(self, table: str) -> Iterator[Source]:
        for raw in self.database.rows(table):
            yield Source(table, raw, self.ledger, self.change.now)

    def _read(self, table: str, values_of: Any) -> dict[int, RowDict]:
        found: dict[int, RowDict] = {}
        for source in self._sources(table):
            values = values_of(source)
            if source.id in found:
                self.ledger.error(table, source.id, "this id is there twice")
            found[source.id] = values
            if source.rest:
                self.rests[table, source.id] = source.rest
        return found

    def _settle_inventory(self) -> None:
        used: set[int] = set()
        taken: dict[int, set[str]] = {}
        for each in self.customers.values():
            if each["cluster_id"] not in self.clusters:
                self._dangling("customers", each, "cluster_id")
                continue
            self._settle_namespace(each, taken.setdefault(each["cluster_id"], set()))
            used |= {each["cluster_id"]} if each["is_active"] else set()
        names: set[str] = set()
        for each in self.clusters.values():
            if not each["is_active"] and each["id"] in used:
                each["is_active"] = True
                self.ledger.repair("clusters", each["id"], "it has active customers and so is active now")
            if each["is_active"]:
                self._distinguish("clusters", each, "name", names, text.NAME_LIMIT)

    def _settle_namespace(self, customer: RowDict, taken: set[str]) -> None:
        self._distinguish("customers", customer, "namespace", taken, text.NAMESPACE_LIMIT)
        try:
            text.namespace(customer["namespace"])
        except InvalidValue:
            what = f"namespace '{text.visible(customer['namespace'])}' is none that Kubernetes knows"
            self.ledger.repair("customers", customer["id"], f"{what}; the customer is inactive")
            customer["is_active"] = False

    def _distinguish(self, table: str, row: RowDict, column: str, taken: set[str], limit: int) -> None:
        """Give a text that another row has a number: `2026.11 (2)`."""
        wanted = row[column]
        names = self.numbered.setdefault((table, id(taken), wanted), numbered(wanted, limit))
        row[column] = next(name for name in names if name not in taken)
        if row[column] != wanted:
            what = f"{column} '{text.visible(wanted)}' is taken; it is '{text.visible(row[column])}' now"
            self.ledger.repair(table, row["id"], what)
        taken.add(row[column])

    def _settle_releases(self) -> None:
        worked = self.database.releases_with_steps()
        names: set[str] = set()
        for each in self.releases.values():
            if each["name"].isdigit():
                each["name"] = f"release {each['name']}"[: text.NAME_LIMIT]
                self.ledger.repair("releases", each["id"], f"name was digits only and is '{each['name']}' now")
            self._distinguish("releases", each, "name", names, text.NAME_LIMIT)
            if each["status"] == ReleaseStatus.DRAFT and each["id"] in worked:
                each["status"] = ReleaseStatus.ACTIVE.value
                self.ledger.repair(
                    "releases", each["id"], "it was a draft, but customers have steps of it; it is active"
                )
            if each["status"] == ReleaseStatus.ARCHIVED:
                before = ReleaseStatus.ACTIVE if each["id"] in worked else ReleaseStatus.DRAFT
                each["archived_from"] = before.value

    def _settle_templates(self) -> None:
        places: Counter[tuple[int, str]] = Counter()
        for each in self.templates.values():  # in the order in which they stand
            if each["release_id"] not in self.releases:
                self._dangling("step_templates", each, "release_id")
            self._place("step_templates", each, places, (each["release_id"], each["category"]))
            if why := _never_renders(each):
                self.ledger.warning("step_templates", each["id"], why)

    def _place(self, table: str, row: RowDict, places: Counter[Any], among: Any) -> None:
        if row["order_index"] != places[among]:
            self.ledger.repair(table, row["id"], "it has another number in its order, which had gaps or was not clear")
            row["order_index"] = places[among]
        places[among] += 1

    def _dangling(self, table: str, row: RowDict, column: str) -> None:
        noun = column.removesuffix("_id")
        self.ledger.error(table, row["id"], f"{column} {row[column]}: there is no such {noun}")

    def _take_steps(self) -> None:
        waiting: list[RowDict] = []
        whose = attrgetter("release_and_customer")
        for _, sources in groupby(self._sources("customer_steps"), key=whose):
            waiting += self._take_member(list(sources))
            if len(waiting) >= _AT_ONCE:
                self._add_steps(waiting)
        self._add_steps(waiting)

    def _take_member(self, sources: list[Source]) -> list[RowDict]:
        """Give the steps of one member, in order and with their anchors."""
        had: set[int] = set()
        read = [(spec.step(source), source) for source in sources]
        sound = [(row, source) for row, source in read if source.sound and self._fits(row, had)]
        places: Counter[Any] = Counter()
        for row, _ in sound:
            self._place("customer_steps", row, places, row["category"])
        _anchor([row for row, _ in sound])
        for row, source in sound:
            self._enrol(row)
            self._warn(row)
            if row["status"] != Status.PENDING or row["is_custom"] or row["is_overridden"] or source.rest:
                self._tell(row, source.rest)
        return [row for row, _ in sound]

    def _fits(self, row: RowDict, had: set[int]) -> bool:
        """Whether what a step points at is there; what is not is an error."""
        known = {"release_id": self.releases, "customer_id": self.customers, "template_id": self.templates}
        wrong = [name for name, there in known.items() if row[name] is not None and row[name] not in there]
        for name in wrong:
            self._dangling("customer_steps", row, name)
        if wrong or row["template_id"] is None:
            return not wrong
        template = self.templates[row["template_id"]]
        if template["release_id"] != row["release_id"] or template["category"] != row["category"]:
            what = f"template_id {row['template_id']} is of another release or category"
            self.ledger.error("customer_steps", row["id"], what)
            return False
        if template["id"] in had:
            self.ledger.error(
                "customer_steps", row["id"], f"its customer has a step of template {template['id']} already"
            )
            return False
        had.add(template["id"])
        return True

    def _enrol(self, row: RowDict) -> None:
        """Make a member of who has a step; steps come member by member."""
        key = (row["release_id"], row["customer_id"])
        if key not in self.steps:
            times = {"added_at": row["created_at"], "updated_at": row["created_at"], "row_version": 1}
            whose = {"release_id": key[0], "customer_id": key[1], "state": "active", "reason": None}
            self.members.append(whose | times)
        self.steps[key] += 1
        self.members[-1]["added_at"] = min(self.members[-1]["added_at"], row["created_at"])

    def _warn(self, row: RowDict) -> None:
        customer, release = self.customers[row["customer_id"]], self.releases[row["release_id"]]
        if Status(row["status"]) not in OPEN or release["status"] != ReleaseStatus.ACTIVE:
            return
        if not customer["is_active"]:
            told = f"customer {customer['id']} is inactive, and the step is open in an active release"
            self.ledger.warning("customer_steps", row["id"], told)
        for problem in self._problems(row, customer, release):
            self.ledger.warning("customer_steps", row["id"], f"it cannot render: {problem}")

    def _problems(self, row: RowDict, customer: RowDict, release: RowDict) -> tuple[object, ...]:
        if "${{" not in row["content"] or customer["cluster_id"] not in self.clusters:
            return ()
        cluster = self.clusters[customer["cluster_id"]]
        scope = placeholders.scope(
            customer_name=customer["name"],
            namespace=customer["namespace"],
            cluster_name=cluster["name"],
            kubeconfig_path=cluster["kubeconfig_path"],
            release_name=release["name"],
            release_version=release["version_number"],
            customer_metadata=customer["metadata"],
            cluster_metadata=cluster["metadata"],
            release_metadata=release["metadata"],
        )
        return placeholders.render(row["content"], StepType(row["type"]), scope).problems

    def _tell(self, row: RowDict, rest: dict[str, str]) -> None:
        after = {name: row[name] for name in _TELLING if row[name] is not None}
        if row["is_custom"] or row["is_overridden"]:
            after |= {name: row[name] for name in ("name", "category", "type", "content", "is_custom", "is_overridden")}
        ids = {name: row[name] for name in ("release_id", "customer_id", "template_id")}
        said = after | ({"rest": rest} if rest else {})
        digest = journal.step_digest(row)
        self.told.append({"step_id": row["id"], **ids, "after": said, "row_digest": digest})

    def _add_steps(self, waiting: list[RowDict]) -> None:
        self._add("release_customers", self.members[self.taken["release_customers"] :])
        self._add("customer_steps", waiting)
        waiting.clear()

    def _add(self, table: str, values: list[RowDict]) -> None:
        self.taken[table] += len(values)
        if not self.ledger.stops:
            rows.add_many(self.change.connection, whole.TABLES[table], values)

    def _record(self) -> None:
        """Tell every row once: what was executed by the step, the rest of the steps by their members' counts."""
        for table, noun in _NOUNS.items():
            for row in getattr(self, table.removeprefix("step_")).values():
                after = {name: value for name, value in row.items() if name != "row_version"}
                if rest := self.rests.get((table, row["id"])):
                    after["rest"] = rest
                if noun == "release":
                    after["members"] = self._members_of(row["id"])
                ids = {} if noun == "cluster" else {f"{noun}_id": row["id"]}
                if noun == "template":
                    ids["release_id"] = row["release_id"]
                self.change.record(f"{noun}.import", after=rows.plain(after), **ids)
        for fact in self.told:
            self.change.record("step.import", **fact)

    def _members_of(self, release_id: int) -> list[RowDict]:
        found = [member for member in self.members if member["release_id"] == release_id]
        return [
            {"customer_id": member["customer_id"], "since": _iso(member["added_at"]), "steps": self._count(member)}
            for member in found
        ]

    def _count(self, member: RowDict) -> int:
        return self.steps[member["release_id"], member["customer_id"]]


def _anchor(steps: list[RowDict]) -> None:
    """Let each custom step of a member stand beside its neighbour: after the one before it, else before the next."""
    for category in Category:
        before: int | None = None
        first: list[RowDict] = []
        for row in steps:
            if row["category"] != category:
                continue
            if row["template_id"] is None:
                row["anchor_template_id"], row["anchor_side"] = before, None if before is None else Side.AFTER.value
                first += [row] if before is None else []
                continue
            if before is None:
                for own in first:
                    own["anchor_template_id"], own["anchor_side"] = row["template_id"], Side.BEFORE.value
            before = row["template_id"]


def _iso(moment: datetime) -> str:
    return moment.isoformat()


def _never_renders(template: RowDict) -> str | None:
    """Give why a template's content can render for nobody, or None."""
    if "${{" not in template["content"]:
        return None
    kind = StepType(template["type"])
    try:
        placeholders.check_content(template["content"], kind)
    except InvalidValue as error:
        return f"it cannot render: {error.why}"
    for part in placeholders.names_in(template["content"]):
        if why := part.malformed or placeholders.misuse_of(part, kind):
            return f"it cannot render: {why}"
    return None
