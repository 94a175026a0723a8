"""What an import found in a file: errors stop it, repairs were applied, warnings are for a person to look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What a finding means for the import."""

    ERROR = "error"
    REPAIR = "repair"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One thing found in a file: `line` from 1 (None: the file as a whole), `message` a sentence."""

    kind: Kind
    line: int | None
    message: str

    def __str__(self) -> str:
        """One line for a person."""
        return self.message.rstrip(".") if self.line is None else f"line {self.line}: {self.message.rstrip('.')}"


@dataclass
class Findings:
    """What was found so far, in the order in which it was."""

    found: list[Finding] = field(default_factory=list)
    error_count: int = 0
    is_stopped: bool = False

    def error(self, line: int | None, message: str) -> None:
        """Note what keeps the file from being imported."""
        self.found.append(Finding(Kind.ERROR, line, message))
        self.error_count += 1

    def stop(self, line: int | None, message: str) -> None:
        """Note an error after which the rest of the file is not looked at."""
        self.error(line, message)
        self.is_stopped = True

    def repair(self, line: int | None, message: str) -> None:
        """Note what was put right."""
        self.found.append(Finding(Kind.REPAIR, line, message))

    def warning(self, line: int | None, message: str) -> None:
        """Note what somebody should look at."""
        self.found.append(Finding(Kind.WARNING, line, message))

    @property
    def errors(self) -> list[Finding]:
        """Those that stop the import."""
        return [finding for finding in self.by_line() if finding.kind is Kind.ERROR]

    def by_line(self) -> tuple[Finding, ...]:
        """Give all by line; those of the file as a whole come first."""
        return tuple(sorted(self.found, key=lambda finding: finding.line or 0))
