"""Exports: what the workbook holds as files for others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from relorch.model import text
from relorch.model.values import Cluster, Customer
from relorch.store import inventory, releases
from relorch.transfer.release_file import Form, unused
from relorch.workbook.core import Noun
from relorch.workbook.releases import require_release
from relorch.workbook.whole import workbook_lines


class Exports(Noun):
    """The verbs that give a file's text."""

    def inventory(self) -> str:
        """Give all clusters and customers as CSV, safe for spreadsheets (its columns: `relorch.transfer.inventory`).

        The inactive are in it too. A file knows clusters by name: an inactive one whose name another one has too
        is suffixed ` (2)`.
        """
        from relorch.transfer.inventory import inventory_csv

        with self._core.look() as connection:
            clusters = [Cluster(**row) for row in inventory.list_clusters(connection, inactive=True)]
            found = [Customer(**row) for row in inventory.list_customers(connection, cluster_id=None, inactive=True)]
        living: dict[int, list[Customer]] = {}
        for customer in found:
            living.setdefault(customer.cluster_id, []).append(customer)
        return inventory_csv([(cluster, living.get(cluster.id, ())) for cluster in _told_apart(clusters)])

    def release(self, release_id: int, form: str) -> str:
        """Give a release with its live templates as a file: `form` is yaml or markdown.

        Markdown holds the templates only. Raises `NotFound`, `InvalidValue`.
        """
        kind = text.one_of("form", form, Form)
        with self._core.look() as connection:
            release = require_release(connection, release_id)
            templates = releases.live_templates(connection, release_id)
        if kind is Form.YAML:
            from relorch.transfer.release_yaml import yaml_of

            return yaml_of(release, templates)
        from relorch.transfer.release_markdown import markdown_of

        return markdown_of(release, templates)

    def workbook(self) -> Iterator[str]:
        """Give the whole workbook as lines of JSON, each with its newline: every row of every table, events too.

        All lines are of one moment, that of the first; writers do not wait for whoever takes them. A new workbook
        is made of them by `relorch.workbook.whole.import_workbook`. Raises `StorageError`.
        """
        return workbook_lines(self._core.store)


def _told_apart(clusters: Sequence[Cluster]) -> list[Cluster]:
    """Give the clusters with a name that no other one has."""
    taken: set[str] = set()
    named: dict[int, Cluster] = {}
    for cluster in sorted(clusters, key=lambda each: (not each.is_active, -each.id)):
        name = unused(cluster.name, taken.__contains__, text.NAME_LIMIT)
        taken.add(name)
        named[cluster.id] = cluster.model_copy(update={"name": name})
    return [named[cluster.id] for cluster in clusters]
