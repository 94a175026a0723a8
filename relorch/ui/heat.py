"""The matrix in small: as many cells as an eye can take in, however many steps and customers there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from relorch.model.status import CODE, OPEN, STATUSES, Status
from relorch.views.matrix import NO_STEP, Matrix, MatrixCustomer

CELLS = 2_500
"""As many cells are drawn at most."""
COLUMNS = 80
"""So many customers stand for themselves; of more, several of one cluster share a column."""

_ATTENTION = (Status.FAILED, Status.REVERTED)


@dataclass(frozen=True)
class Band:
    """Neighbouring columns of the matrix, all of one cluster, that are one column here: `first` up to before `end`."""

    first: int
    end: int
    cluster_name: str
    names: tuple[str, ...]

    @property
    def label(self) -> str:
        """Which customers these are, in words."""
        few = self.names[0] if len(self.names) == 1 else f"{self.names[0]} … {self.names[-1]} ({len(self.names):,})"
        return f"{self.cluster_name}: {few}"


@dataclass(frozen=True)
class HeatCell:
    """The steps of one row and one band, counted per status."""

    row: int
    band: int
    counts: Counter[Status]

    @property
    def share(self) -> float:
        """How much of it is closed, from 0 to 1."""
        return 1 - sum(self.counts[status] for status in OPEN) / self.counts.total()

    @property
    def worst(self) -> Status:
        """The status that tells most: the failed, then the reverted, else the one that most steps have."""
        return next((status for status in _ATTENTION if self.counts[status]), self.counts.most_common(1)[0][0])


@dataclass(frozen=True)
class Heat:
    """The whole strip; `each`: every cell is a single step."""

    rows: tuple[str, ...]
    bands: tuple[Band, ...]
    cells: tuple[HeatCell, ...]

    @property
    def each(self) -> bool:
        """Whether every column is one customer."""
        return all(len(band.names) == 1 for band in self.bands)


def heat_of(matrix: Matrix) -> Heat:
    """Give the matrix with at most about `COLUMNS` columns and `CELLS` cells; no column mixes clusters."""
    bands = tuple(_bands(matrix.customers, min(COLUMNS, CELLS // max(len(matrix.rows), 1))))
    rows = tuple(f"{at}. {row.name}" for at, row in enumerate(matrix.rows, 1))
    return Heat(rows, bands, tuple(_cells(matrix, bands)))


def _bands(customers: tuple[MatrixCustomer, ...], most: int) -> Iterator[Band]:
    size = -(-len(customers) // max(most, 1))
    at = 0
    for _, members in groupby(customers, key=lambda customer: customer.cluster_id):
        cluster = list(members)
        for first in range(0, len(cluster), max(size, 1)):
            part = cluster[first : first + size]
            yield Band(at + first, at + first + len(part), part[0].cluster_name, tuple(each.name for each in part))
        at += len(cluster)


def _cells(matrix: Matrix, bands: tuple[Band, ...]) -> Iterator[HeatCell]:
    width = len(matrix.customers)
    for row in range(len(matrix.rows)):
        line = matrix.statuses[row * width : (row + 1) * width]
        for at, band in enumerate(bands):
            part = line[band.first : band.end]
            counts = Counter({status: part.count(CODE[status]) for status in STATUSES})
            if part.count(NO_STEP) < len(part):
                yield HeatCell(row, at, +counts)
