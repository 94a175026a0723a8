"""All that the step widget shows of a step, times and names ready for people."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from relorch.model.placeholders import Rendering, sha256
from relorch.model.status import Status, Verb
from relorch.model.text import visible
from relorch.model.values import CustomerStep, Event, StepType
from relorch.ui import words
from relorch.ui.diff import diff_lines
from relorch.ui.highlight import highlighted, invisible
from relorch.workbook.steps import Choice, StepDetail


def step_message(detail: StepDetail, operator: str, now: datetime) -> dict[str, Any]:
    """Give all that the widget shows of a step, times and names ready for people."""
    step = detail.step
    return {
        "id": step.id,
        "row_version": step.row_version,
        "name": visible(step.name),
        "plain_name": step.name,
        "category": step.category.value,
        "type": step.type.value,
        "status": step.status.value,
        "place": _place(detail),
        "customer": {
            "id": detail.customer.id,
            "name": visible(detail.customer.name),
            "namespace": detail.customer.namespace,
        },
        "cluster": {"id": detail.cluster.id, "name": visible(detail.cluster.name)},
        "release": {
            "id": detail.release.id,
            "name": visible(detail.release.name),
            "version": detail.release.version_number,
            "status": detail.release.status.value,
        },
        "source": _source(detail),
        "edits": _edits(detail),
        "diff": _diff(detail),
        "member_state": detail.member_state.value,
        **_text(detail),
        "verbs": [_choice(choice) for choice in detail.choices],
        "claim": _claim(step, operator, now),
        "executed_at": words.moment(step.executed_at) if step.executed_at else None,
        "executed_by": step.executed_by,
        "notes": step.notes,
        "skip_reason": step.skip_reason,
        "history": [_event(event, now) for event in detail.history],
    }


def digest_of(message: dict[str, Any]) -> str:
    """Give what tells whether two messages of `step_message` show the same; ages, which only grow, do not count."""
    kept = message | {"claim": _ageless(message["claim"]), "history": [_ageless(event) for event in message["history"]]}
    return sha256(json.dumps(kept, sort_keys=True))


def _ageless(said: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if said is None else {name: value for name, value in said.items() if name != "age"}


def rendering_message(rendering: Rendering, source: str, step_type: StepType) -> dict[str, Any]:
    """Give a text that is being written as it renders: its lines, and why it cannot, if so."""
    shown = rendering.text if rendering.text is not None else source
    return {
        "text": rendering.text,
        "source_text": source,
        "lines": highlighted(shown, step_type, rendering.raw),
        "invisible": invisible(shown),
        "problems": _problems(rendering),
    }


def _place(detail: StepDetail) -> str:
    place = f"{detail.step.category.value.capitalize()} {detail.place} of {detail.places}"
    return f"{place} · its template is retired" if detail.template and detail.template.is_retired else place


def _text(detail: StepDetail) -> dict[str, Any]:
    shown = detail.text if detail.text is not None else detail.step.content
    raw = () if detail.frozen else detail.rendering.raw
    return {
        "text": detail.text,
        "sha256": detail.text_sha256,
        "frozen": detail.frozen,
        "differs": detail.frozen and detail.rendering.sha256 != detail.text_sha256,
        "lines": highlighted(shown, detail.step.type, raw),
        "invisible": invisible(shown),
        "problems": _problems(detail.rendering),
        "source_text": detail.step.content,
    }


def _problems(rendering: Rendering) -> list[dict[str, str]]:
    return [{"placeholder": problem.placeholder, "why": problem.why} for problem in rendering.problems]


def _source(detail: StepDetail) -> dict[str, Any]:
    step, template = detail.step, detail.template
    kind = "custom" if step.is_custom else "overridden" if step.is_overridden else "template"
    current = template.revision if template else None
    return {
        "kind": kind,
        "required": bool(template and template.required and not template.is_retired),
        "moved_on": current is not None and current != step.template_revision,
        "revision": step.template_revision,
        "template_revision": current,
    }


def _edits(detail: StepDetail) -> list[str]:
    """Give which edits are worth a button; the workbook has the last word on each of them."""
    step, template = detail.step, detail.template
    if all(choice.refused is not None for choice in detail.choices):
        return []  # the release is closed, or the customer does not take part now
    live = template is not None and not template.is_retired
    if step.status is not Status.PENDING:
        moved_on = live and template is not None and template.revision != step.template_revision
        return ["take_template", "add"] if moved_on and _may(detail, Verb.REOPEN) else ["add"]
    if step.is_custom:
        return ["update", "delete", "add"]
    return ["override", *(["reset"] if step.is_overridden and live else []), "add"]


def _may(detail: StepDetail, verb: Verb) -> bool:
    return any(choice.verb is verb and choice.refused is None for choice in detail.choices)


def _diff(detail: StepDetail) -> list[list[Any]] | None:
    """Give how the step's source differs from its template's, or None where that says nothing."""
    step, template = detail.step, detail.template
    if template is None or (not step.is_overridden and template.revision == step.template_revision):
        return None
    return diff_lines(template.content, step.content)


def _choice(choice: Choice) -> dict[str, Any]:
    return {
        "verb": choice.verb.value,
        "label": words.VERB_LABEL[choice.verb],
        "key": words.VERB_KEY[choice.verb],
        "reason": choice.reason,
        "allowed": choice.refused is None,
        "why": choice.refused,
    }


def _claim(step: CustomerStep, operator: str, now: datetime) -> dict[str, Any] | None:
    if step.status is not Status.IN_PROGRESS or step.executed_at is None:
        return None
    return {
        "by": step.executed_by,
        "at": words.moment(step.executed_at),
        "age": words.duration(step.executed_at, now),
        "mine": step.executed_by == operator,
    }


def _event(event: Event, now: datetime) -> dict[str, Any]:
    return {
        "at": words.moment(event.at),
        "age": words.duration(event.at, now),
        "operator": event.operator,
        "action": event.action.rpartition(".")[2],
        "note": event.note,
    }
