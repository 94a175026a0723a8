"""How far the work is, counted from statuses."""

from __future__ import annotations

from collections.abc import Mapping

from relorch.model.status import STATUSES, Status
from relorch.model.values import Value


class Progress(Value):
    """Steps counted per status; `held` are those of held members, counted apart, `held_open` the open ones of them."""

    key: str | int | None = None
    label: str | None = None
    counts: dict[str, int]
    held: int = 0
    held_open: int = 0

    @property
    def total(self) -> int:
        """All counted steps."""
        return sum(self.counts.values())

    @property
    def closed(self) -> int:
        """Steps that are done or skipped."""
        return self.counts[Status.DONE] + self.counts[Status.SKIPPED]

    @property
    def open(self) -> int:
        """Steps that still want somebody's hand."""
        return self.total - self.closed

    @property
    def percentage(self) -> int | None:
        """Give floor(100 · closed / total), or None where there are no steps."""
        return 100 * self.closed // self.total if self.total else None


def count(
    counts: Mapping[str, int],
    *,
    held: int = 0,
    held_open: int = 0,
    key: str | int | None = None,
    label: str | None = None,
) -> Progress:
    """Give the progress of `counts` (status → steps); a status that is missing counts 0."""
    every = {status.value: counts.get(status, 0) for status in STATUSES}
    return Progress(key=key, label=label, held=held, held_open=held_open, counts=every)
