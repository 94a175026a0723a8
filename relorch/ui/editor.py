"""The editor of a release's step templates: what is selected, what is typed, and what saving it does.

What was typed is kept per template for as long as the page is open, so that neither a refusal nor another selection
loses it. The pages of marimo ask this object; it asks the workbook.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import marimo as mo

from relorch.errors import RelorchError, StorageError
from relorch.model.lint import Hint
from relorch.model.text import visible
from relorch.model.values import Category, Release, ReleaseStatus, StepTemplate, StepType
from relorch.ui import words
from relorch.ui.answer import Answer, attempt
from relorch.ui.page import html, show
from relorch.ui.widgets.order import OrderWidget
from relorch.ui.widgets.template import TemplateForm
from relorch.views.effect import Effect
from relorch.workbook import Workbook
from relorch.workbook.steps import Outcome

NEW = 0
"""Stands for the id of a template that is not stored yet."""

_NAMED = 5
"""As many refused steps are named; there can be thousands."""

_EDITED = ("name", "type", "required", "description", "content")


@dataclass(frozen=True)
class Typed:
    """What stands in the form: of template `key` (NEW: of none yet), begun from `base` as it was stored then."""

    key: int
    base: StepTemplate | None
    values: Mapping[str, Any]

    @property
    def changes(self) -> dict[str, Any]:
        """The fields that differ from what was stored; all of them for a new template."""
        stored = stored_values(self.base)
        return {name: self.values[name] for name in _EDITED if self.base is None or self.values[name] != stored[name]}

    @property
    def is_unsaved(self) -> bool:
        """Whether anything would be lost if the page were closed now."""
        stored = stored_values(self.base)
        return any(self.values[name] != stored[name] for name in _EDITED)


@dataclass(frozen=True)
class Plan:
    """A change that was previewed and not made yet: exactly `typed`, or the end of its template.

    `is_changed`: it would do something else by now than at its first preview.
    """

    what: str
    typed: Typed
    effect: Effect
    in_draft: bool = False
    is_changed: bool = False

    @property
    def label(self) -> str:
        """What the button says that makes the change."""
        return words.DELETE_IT if self.in_draft else words.save_label(self.what, len(self.effect.updates))

    def is_of(self, typed: Typed) -> bool:
        """Whether this is what was previewed: the same text of the same template."""
        return (self.typed.key, self.typed.values) == (typed.key, typed.values)

    def does_as(self, other: Plan) -> bool:
        """Whether the other plan would do the same."""
        return (self.effect, self.in_draft) == (other.effect, other.in_draft)


@dataclass(frozen=True)
class Said:
    """What the page says under the form: an answer, what it offers to take back or to reopen, or a plan.

    `reopen`: the steps by id, each with its `row_version` as it was when that was offered.
    """

    shown: mo.Html | None = None
    undo: int | None = None
    reopen: Mapping[int, int] = field(default_factory=dict)
    plan: Plan | None = None


@dataclass
class Draws:
    """The page's ways to have its cells run anew: that show the form, that read it, and what is said under it."""

    form: Callable[[], None]
    typed: Callable[[], None]
    said: Callable[[Said | Callable[[Said], Said]], None]


@dataclass
class Editor:
    """What one session of the page works at."""

    workbook: Workbook
    release: Release
    draws: Draws
    templates: list[StepTemplate] = field(default_factory=list)
    drafts: dict[int, Typed] = field(default_factory=dict)
    new_drafts: dict[str, Typed | None] = field(default_factory=dict)
    selected: int = NEW
    category: str = Category.DEPLOY
    beside: int | None = None
    of_release: tuple[Hint, ...] = ()
    plan: Plan | None = None
    lists: OrderWidget = field(init=False)
    form: TemplateForm = field(init=False)

    def __post_init__(self) -> None:
        self.lists = OrderWidget(
            self.workbook,
            self.release.id,
            on_select=self.open,
            on_new=self.begin,
            on_stored=self.refresh,
            fixed=self.is_fixed,
        )
        self.form = TemplateForm(self.keep, self.press, self.draws.form)
        self.load()

    @property
    def is_fixed(self) -> bool:
        """Whether nothing can be changed: the release is archived."""
        return self.release.status is ReleaseStatus.ARCHIVED

    @property
    def previews(self) -> bool:
        """Whether a change is shown before it is made: in an active release."""
        return self.release.status is ReleaseStatus.ACTIVE

    def load(self) -> None:
        """Read the release and its templates anew, and show them in the lists."""
        self.release = self.workbook.releases.get(self.release.id)
        templates = self.workbook.templates.list(self.release.id, retired=True)
        if templates != self.templates or not templates:
            hints = self.workbook.templates.lint(self.release.id)
            self.of_release = tuple(hint for hint in hints if hint.template_id is None)
        self.templates = templates
        self.lists.fixed = self.is_fixed
        self.draw_lists()

    def draw_lists(self) -> None:
        """Show the lists with their marks."""
        unsaved = [key for key, typed in self.drafts.items() if typed.is_unsaved]
        standing = self.workbook.templates.standing(self.release.id)
        counts = {key: (found.overridden, found.executed) for key, found in standing.items()}
        self.lists.draw(self.templates, unsaved, counts)

    def stored(self, key: int) -> StepTemplate | None:
        """Give the live template with this id as it is stored now, or None."""
        return next((each for each in self.templates if each.id == key and not each.is_retired), None)

    def live(self, category: str | None = None) -> list[StepTemplate]:
        """Give the live templates in order, of one category or of both."""
        return [each for each in self.templates if not each.is_retired and category in (None, each.category)]

    def start(self, asked: int | None) -> bool:
        """Select the template that was asked for, else the first; False when there is no such template."""
        found = None if asked is None else self.stored(asked)
        shown = found or next(iter(self.live()), None)
        self.selected = shown.id if shown else NEW
        self.lists.selected = self.selected
        return asked is None or found is not None

    def open(self, template_id: int) -> None:
        """Show a template in the form, with what was typed for it before."""
        if self.stored(template_id) is None and not self._reload():
            return
        if self.stored(template_id) is None:
            self.draws.said(Said(_line("ro-refusal", words.STEPS_NO_SUCH)))
            return
        self.selected = self.lists.selected = template_id
        self.draws.said(Said())
        self.draws.form()

    def begin(self, category: str) -> None:
        """Show the form of a new step of a category; it may stand beside the one that was selected."""
        was = self.stored(self.selected)
        if category != self.category:
            self._swap_new(category)
        self.category = category
        self.beside = was.id if was is not None and was.category == category else None
        self.selected = self.lists.selected = NEW
        self.draws.said(Said())
        self.draws.form()

    def _swap_new(self, category: str) -> None:
        """Put what was typed for a new step of the other category aside, and take out what was for this one."""
        self.new_drafts[self.category] = self.drafts.pop(NEW, None)
        kept = self.new_drafts.pop(category, None)
        if kept is not None:
            self.drafts[NEW] = kept

    def typed(self) -> Typed:
        """Give what the form of the selected template shows at first: what was typed before, else what is stored."""
        kept = self.drafts.get(self.selected)
        if kept is not None:
            return kept
        base = self.stored(self.selected)
        return Typed(self.selected, base, stored_values(base))

    def keep(self, first: Typed, values: Mapping[str, Any]) -> Typed:
        """Remember what is typed in the form that began as `first`; give it."""
        base = self.drafts[first.key].base if first.key in self.drafts else first.base
        typed = Typed(first.key, base, _tidied(values))
        was_unsaved = first.key in self.drafts
        if typed.is_unsaved:
            self.drafts[first.key] = typed
        else:
            self.drafts.pop(first.key, None)
        if typed.is_unsaved != was_unsaved:
            with suppress(StorageError):  # only the marks of the lists; what is typed is kept all the same
                self.draw_lists()
        self.draws.typed()
        return typed

    def press(self, what: str, first: Typed, values: Mapping[str, Any]) -> None:
        """Do what a button of the form says, with what is in the form."""
        typed = self.keep(first, values)
        if what == "save":
            self.save(typed)
        elif what == "drop":
            self.drop(typed.key)
        else:
            self.ask_away(typed)

    def drop(self, key: int) -> None:
        """Forget what was typed for a template, and show what is stored."""
        if not self._reload():
            return
        self.drafts.pop(key, None)
        self.draw_lists()
        self.draws.said(Said())
        self.draws.form()

    def refresh(self) -> None:
        """Show what others stored meanwhile; what is being typed stays."""
        before, was = self.stored(self.selected), self.release.status
        try:
            self.load()
        except RelorchError:
            return  # the pulse says that the page is not up to date
        now = self.stored(self.selected)
        moved_on = before != now and (before is None or now is None or is_other_text(before, now))
        if self.selected in self.drafts:
            self._rebase(now)
        if self.release.status is not was or (moved_on and self.selected != NEW):
            self.draws.form()
        self._follow()
        if self.is_fixed and self.release.status is not was:
            self.draws.said(lambda said: replace(said, undo=None, reopen={}, plan=None))

    def _follow(self) -> None:
        """Show anew the plan that is on the screen, when it would do something else by now."""
        plan = self.plan
        now = None if plan is None else self._planned(plan.what, plan.typed)
        if plan is None or now is None or isinstance(now.error, StorageError):
            return  # the pulse says that the page is not up to date
        if now.result is None or not plan.does_as(now.result):
            self.plan = None if now.result is None else replace(now.result, is_changed=True)
            fresh = Said(now.shown if self.plan is None else None, plan=self.plan)
            self.draws.said(lambda said: fresh if said.plan is plan else said)  # it may have been left meanwhile

    def _rebase(self, now: StepTemplate | None) -> None:
        """Take a new version whose text is the one that typing began from: only its place has changed."""
        kept = self.drafts[self.selected]
        if kept.base is not None and now is not None and not is_other_text(kept.base, now):
            self.drafts[self.selected] = Typed(kept.key, now, kept.values)

    def overtaken(self, typed: Typed) -> bool:
        """Whether somebody else changed the template since typing began."""
        now = self.stored(typed.key)
        return typed.base is not None and now is not None and is_other_text(typed.base, now)

    def keep_mine(self, key: int) -> None:
        """Go on with what was typed, over what somebody else stored meanwhile."""
        kept, now = self.drafts.get(key), self.stored(key)
        if kept is not None and now is not None:
            self.drafts[key] = Typed(key, now, kept.values)
        self.draws.said(Said())  # a preview was one against the text of before
        self.draws.form()

    def who_changed(self, key: int) -> str:
        """Say who changed a template last, and when."""
        events = [
            each for each in self.workbook.history(release_id=self.release.id, newest=50) if each.template_id == key
        ]
        if not events:  # so much happened since that it is not among the newest any more
            return words.steps_changed_by(words.SOMEBODY, words.WHILE_AGO)
        return words.steps_changed_by(events[-1].operator, words.age(events[-1].at, self.workbook.now()))

    # what the buttons do; each asks one verb of the workbook

    def save(self, typed: Typed) -> None:
        """Store what is typed; in an active release, show first what it does."""
        if not typed.changes:
            self.draws.said(Said(_line("ro-notice", words.STEPS_NOTHING_CHANGED)))
        elif self.previews:
            self._show(self._planned("add" if typed.key == NEW else "update", typed))
        else:
            self._store(typed)

    def ask_away(self, typed: Typed) -> None:
        """Show what deleting or retiring the template does, and ask."""
        if typed.key != NEW:
            self._show(self._planned("delete", typed))

    def carry_out(self, plan: Plan, typed: Typed) -> None:
        """Make the change that was previewed, unless something else is typed by now, or it would do something else."""
        if plan.what != "delete" and not plan.is_of(typed):
            self.draws.said(Said(_line("ro-refusal", words.STEPS_CHANGED_SINCE)))
            return
        now = self._planned(plan.what, plan.typed)
        if now.result is None or not plan.does_as(now.result):
            self._show(now, is_changed=True)
        elif plan.what == "delete":
            self._take_away(plan.typed)
        else:
            self._store(typed)

    def undo(self, batch_id: int) -> None:
        """Take a change of templates back."""
        answer = attempt(lambda: self.workbook.undo(batch_id), lambda undone: words.taken_back(len(undone.step_ids)))
        self._after(answer, self.workbook.last_undoable)

    def reopen(self, offered: Mapping[int, int]) -> None:
        """Reopen what failed or was reverted, with the new text; what was changed since it was offered stays."""
        answer = attempt(
            lambda: self.workbook.steps.reopen(list(offered), take_template=True, expected_version=offered),
            _said_of_reopening,
        )
        self._after(answer, self.workbook.last_undoable)

    def _planned(self, what: str, typed: Typed) -> Answer[Plan]:
        """Give what a change would do by now, or why it cannot be made."""

        def look() -> Plan:
            in_draft = self.workbook.releases.get(self.release.id).status is ReleaseStatus.DRAFT
            return Plan(what, typed, self._effect(what, typed), in_draft)

        return attempt(look, lambda plan: "")

    def _show(self, answer: Answer[Plan], *, is_changed: bool = False) -> None:
        self.plan = None if answer.result is None else replace(answer.result, is_changed=is_changed)
        self.draws.said(Said(answer.shown if self.plan is None else None, plan=self.plan))

    def _effect(self, what: str, typed: Typed) -> Effect:
        if what == "delete":
            return self.workbook.templates.preview_delete(typed.key)
        if typed.key == NEW:
            return self.workbook.templates.preview_add(self.release.id, **self._whole(typed))
        return self.workbook.templates.preview_update(typed.key, **typed.changes)

    def _store(self, typed: Typed) -> None:
        if typed.key == NEW:
            self._add(typed)
        else:
            self._update(typed)

    def _add(self, typed: Typed) -> None:
        answer = attempt(
            lambda: self.workbook.templates.add(self.release.id, **self._whole(typed)),
            lambda made: words.template_added(visible(made.name), self._members()),
        )
        if answer.result is not None:
            self.selected = answer.result.id
            self.lists.selected = self.selected
        self._after(answer, self.workbook.last_undoable, stored=typed.key)

    def _update(self, typed: Typed) -> None:
        answer = attempt(
            lambda: self.workbook.templates.update(typed.key, expected_version=_version(typed), **typed.changes),
            lambda made: words.template_saved(visible(made.name), *_counts(made.effect)),
        )
        reopen = answer.result.versions if answer.result is not None and "content" in typed.changes else None
        self._after(answer, self.workbook.last_undoable, stored=typed.key, reopen=reopen)

    def _take_away(self, typed: Typed) -> None:
        name = visible(typed.base.name) if typed.base is not None else ""
        is_draft = self.release.status is ReleaseStatus.DRAFT
        order = [each.id for each in self.live()]
        answer = attempt(
            lambda: self.workbook.templates.delete(typed.key, expected_version=_version(typed)),
            lambda effect: words.template_gone(name, is_draft, *_kept(effect)),
        )
        if answer.stored and typed.key in order:
            at = order.index(typed.key)
            self.selected = next(iter(order[at + 1 :] + order[:at][::-1]), NEW)
            self.lists.selected = self.selected
        self._after(answer, self.workbook.last_undoable, stored=typed.key)

    def _after(
        self, answer: Answer[Any], batch: int | None, stored: int | None = None, reopen: Mapping[int, int] | None = None
    ) -> None:
        """Show an answer; where it was stored, the lists, and the form of `stored` without what was typed."""
        self.plan = None
        self.draws.said(Said(answer.shown, batch if answer.stored else None, reopen or {}))
        if not answer.stored:
            return
        if stored is not None:
            self.drafts.pop(stored, None)
        with suppress(StorageError):  # it is stored; what cannot be read now is read at the next change
            self.load()
        if self.stored(self.selected) is None:
            self.start(None)
        self.draws.form()

    def _reload(self) -> bool:
        """Read anew; when the database does not answer, say so and give False."""
        answer = attempt(self.load, lambda _: "")
        if not answer.stored:
            self.draws.said(Said(answer.shown))
        return answer.stored

    def _whole(self, typed: Typed) -> dict[str, Any]:
        fields = {name: typed.values[name] for name in _EDITED}
        return {**fields, "category": self.category, "position": self._position(str(typed.values.get("place", "")))}

    def _position(self, place: str) -> int | None:
        ids = [each.id for each in self.live(self.category)]
        if self.beside not in ids or place not in (BEFORE, AFTER):
            return None
        return ids.index(self.beside) + (place == AFTER)

    def _members(self) -> int:
        if not self.previews:
            return 0
        return sum(member.state != "removed" for member in self.workbook.releases.members(self.release.id))


END, BEFORE, AFTER = "end", "before", "after"


def stored_values(template: StepTemplate | None) -> dict[str, Any]:
    """Give the fields of the form as they are stored; those of an empty form for None."""
    if template is None:
        return {"name": "", "type": StepType.BASH.value, "required": False, "description": None, "content": ""}
    return {
        "name": template.name,
        "type": template.type.value,
        "required": template.required,
        "description": template.description,
        "content": template.content,
    }


def is_other_text(one: StepTemplate, other: StepTemplate) -> bool:
    """Whether two states of a template differ in what the form edits (and not only in their place)."""
    return stored_values(one) != stored_values(other)


def _tidied(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give the form's values as the workbook would store them, so that a blank at an end is no change."""
    content = str(values["content"]).replace("\r\n", "\n").rstrip("\n")
    description = str(values["description"] or "").rstrip("\n")
    return {
        **values,
        "content": content,
        "description": description if description.strip() else None,
        "required": bool(values["required"]),
    }


def _version(typed: Typed) -> int | None:
    return None if typed.base is None else typed.base.row_version


def _said_of_reopening(outcome: Outcome) -> str:
    """Say how many steps were reopened, and of the first that were not, why."""
    said = words.reopened_steps(len(outcome.steps), len(outcome.refused))
    return " ".join((said, *(str(refusal.error) for refusal in outcome.refused[:_NAMED])))


def _counts(effect: Effect) -> tuple[int, int, int]:
    return len(effect.updates), len(effect.overridden), len(effect.executed)


def _kept(effect: Effect) -> tuple[int, int]:
    return len(effect.updates), len(effect.overridden) + len(effect.executed)


def _line(kind: str, text: str) -> mo.Html:
    role = "alert" if kind == "ro-refusal" else "status"
    return show(html('<p class="{kind}" role="{role}">{text}</p>', kind=kind, role=role, text=text))
