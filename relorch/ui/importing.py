"""Files that go into the workbook from a page: given, previewed, and stored only as they were previewed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

import marimo as mo

from relorch.errors import NotAllowed
from relorch.model.values import Release, ReleaseStatus
from relorch.transfer.findings import Finding, Kind
from relorch.transfer.limits import BYTES, decoded
from relorch.ui import words
from relorch.ui.answer import Answer, attempt
from relorch.ui.drafts import Drafts, Form
from relorch.ui.effects import effect_markup
from relorch.ui.form import Fields, other_numbers
from relorch.ui.form import form as drawn_form
from relorch.ui.page import Markup, element, html, joined, link, show
from relorch.workbook import Workbook
from relorch.workbook.imports import Imported, Planned

CHANGES_SHOWN, FINDINGS_SHOWN, CLUSTERS_LINKED, REACHED_SHOWN = 60, 500, 5, 10
"""A list on the page is cut to so many; a count says how many more there are. Errors are all shown."""

_FORMS = {".yaml": "yaml", ".yml": "yaml", ".md": "markdown", ".markdown": "markdown"}
_FILE_NAME = {"yaml": "yaml", "markdown": "md"}


@dataclass(frozen=True)
class Target:
    """Where a file goes: `release` is the open one, None a new draft; `is_inventory`: the inventory instead."""

    is_inventory: bool = False
    release: Release | None = None

    @property
    def is_draft_made(self) -> bool:
        """Whether the file becomes a new draft, which needs a name."""
        return not self.is_inventory and self.release is None

    @property
    def id(self) -> int:
        """The id of the open release, else 0."""
        return 0 if self.release is None else self.release.id

    @property
    def is_read_only(self) -> bool:
        """Whether nothing can be imported into it any more."""
        return self.release is not None and self.release.status is ReleaseStatus.ARCHIVED


@dataclass(frozen=True)
class Given:
    """A file as it was given; of a release file `form` is yaml or markdown, and `name` that of its draft.

    `name` None: the file's own.
    """

    text: str
    file_name: str
    form: str = ""
    name: str | None = None


@dataclass(frozen=True)
class Step:
    """How far an import is: `refused`, or `planned` as it was at `revision`, and perhaps asked about.

    `note` says why it is previewed anew.
    """

    given: Given | None = None
    planned: Imported | None = None
    revision: int = 0
    note: str = ""
    is_asked: bool = False
    refused: Answer[Any] | None = None

    @property
    def errors(self) -> int:
        """How many errors the file has; with one nothing is imported."""
        return 0 if self.planned is None else self.planned.error_count

    @property
    def is_ready(self) -> bool:
        """Whether there is something to import, and nothing against it."""
        return self.planned is not None and not self.errors and bool(self.planned.changes)

    @property
    def name(self) -> str:
        """The name of the draft that the file would become."""
        made = (each.what for each in (self.planned.changes if self.planned else ()) if each.action == "create release")
        return next(made, (self.given and self.given.name) or "")


@dataclass(frozen=True)
class Done:
    """What was stored: `undo` is the batch that can be taken back, `release_id` the release that got the steps."""

    shown: mo.Html
    undo: int | None
    release_id: int | None


class Importer:
    """One import on its way through a page; `draw` has what is shown of it drawn anew."""

    def __init__(self, workbook: Workbook, target: Target, draw: Callable[[], object]) -> None:
        self.workbook, self.target, self.step = workbook, target, Step()
        self._draw = draw
        self._name: str | None = None

    def preview(self, typed: Mapping[str, Any]) -> None:
        """Find out what the file that was typed or uploaded would do."""
        self._show(self._previewed(typed))

    def go_on(self, typed: Mapping[str, Any], name: str = "") -> Done | None:
        """Store what was previewed; when it is not that any more, or has to be confirmed, show that instead.

        `name` is what stands in the field of the draft's name.
        """
        if self.target.is_draft_made and name.strip() != self.step.name:
            self._name = name.strip() or None
        came = self._next(self.step, self._previewed(typed))
        if isinstance(came, Done):
            return came
        self._show(came)
        return None

    def _next(self, before: Step, now: Step) -> Step | Done:
        """Give what comes after `before` was shown and the button pressed, when it is `now` what would be imported."""
        if now.planned is None:
            return now
        if now.given != before.given:
            return replace(now, note=_other(before.given, now.given))
        if now.planned != before.planned:
            return replace(now, note=words.IMPORT_OTHER_WORKBOOK)
        if not now.is_ready:
            return now
        if self.target.is_inventory and now.planned.retexts.total and not before.is_asked:
            return replace(now, is_asked=True)
        return self._stored(replace(now, is_asked=before.is_asked))

    def _stored(self, step: Step) -> Step | Done:
        answer = attempt(lambda: self._import(step.given, step.planned, confirm=step.is_asked), self._said)
        if answer.result is None:
            return replace(step, refused=answer)
        return Done(answer.shown, self.workbook.last_undoable, answer.result.release_id)

    def _previewed(self, typed: Mapping[str, Any]) -> Step:
        answer = attempt(lambda: self._looked(given(typed, self.target, self._name)), lambda _: "")
        return Step(refused=answer) if answer.result is None else answer.result

    def _looked(self, file: Given) -> Step:
        revision = self.workbook.revision()  # first: what is stored in between is noticed when it is imported
        if file == self.step.given and revision == self.step.revision and self.step.planned is not None:
            return Step(file, self.step.planned, revision)
        return Step(file, self._import(file, None), revision)

    def _import(self, file: Given | None, planned: Imported | None, *, confirm: bool = False) -> Imported:
        """Do what was `planned`; None: only look."""
        if file is None:
            raise NotAllowed(words.IMPORT_NOTHING_GIVEN)
        imports, into = self.workbook.imports, self.target.release
        if self.target.is_inventory:
            return imports.inventory(file.text, dry_run=planned is None, confirm=confirm, expected=planned)
        return imports.release(
            file.text,
            form=file.form,
            name=file.name,
            into=None if into is None else into.id,
            file_name=file.file_name,
            dry_run=planned is None,
            expected=planned,
        )

    def _said(self, done: Imported) -> Markup:
        return html(
            "{counts} {way}",
            counts=words.import_stored(_counts(done.changes), done.inactive_count),
            way=_ways(self.workbook, done),
        )

    def _show(self, step: Step) -> None:
        self.step = step
        self._draw()


def _other(before: Given | None, now: Given | None) -> str:
    """Say what is another than it was in the preview: the file, or only the name."""
    if before is not None and now is not None and replace(before, name=now.name) == now:
        return words.IMPORT_OTHER_NAME
    return words.IMPORT_OTHER_FILE


def given(typed: Mapping[str, Any], target: Target, name: str | None) -> Given:
    """Give the file that was uploaded, or pasted into the form.

    Raises `NotAllowed` when there is none or both, or a form nobody named; `InvalidValue` for one that is too large or
    no UTF-8.
    """
    uploaded, pasted = typed["file"], typed["text"]
    if uploaded and pasted.strip():
        raise NotAllowed(words.IMPORT_BOTH_GIVEN)
    if uploaded:
        file_name, text = PurePath(uploaded[0].name).name, decoded(uploaded[0].contents, uploaded[0].name)
    elif pasted.strip():
        file_name, text = "", decoded(_encoded(pasted), words.IMPORT_PASTED)
    else:
        raise NotAllowed(words.IMPORT_NOTHING_GIVEN)
    if target.is_inventory:
        return Given(text, file_name)
    return Given(text, file_name, _form(typed["form"], file_name), name)


def _encoded(pasted: str) -> bytes:
    try:
        return pasted.encode()
    except UnicodeEncodeError:  # a lone surrogate, which no file could hold and no page could show
        raise NotAllowed(words.IMPORT_NO_TEXT) from None


def _form(chosen: str, file_name: str) -> str:
    found = _FORMS.get(PurePath(file_name).suffix.lower(), "") if chosen == words.IMPORT_BY_ENDING else chosen.lower()
    if not found:
        raise NotAllowed(words.IMPORT_WHICH_FORM)
    return found


# ---- the form ---------------------------------------------------------------------------------------------------


def nothing(_: object) -> dict[str, str]:
    """Give what stands in the form at first."""
    return {"text": "", "form": words.IMPORT_BY_ENDING}


def file_form(drafts: Drafts, begun: Form, target: Target) -> Fields:
    """Give the form of a file: uploaded, or pasted. What is pasted is a draft of the page, an upload is not."""
    endings = (".csv", ".txt") if target.is_inventory else (*_FORMS, ".txt")
    fields: dict[str, Any] = {
        "file": mo.ui.file(filetypes=endings, kind="area", max_size=BYTES, label=words.IMPORT_FILE),
        "text": mo.ui.text_area(
            value=begun.shown["text"],
            placeholder=words.IMPORT_EXAMPLE["inventory" if target.is_inventory else "release"],
            rows=6,
            full_width=True,
            label=words.IMPORT_PASTE,
        ),
    }
    if not target.is_inventory:
        fields["form"] = mo.ui.dropdown(
            [words.IMPORT_BY_ENDING, *words.IMPORT_FORMS],
            value=begun.shown["form"],
            allow_select_none=False,
            label=words.IMPORT_FORM,
        )
    drawn = drawn_form(fields)
    drafts.drawn(begun, Fields({name: field for name, field in drawn.elements.items() if name != "file"}))
    return drawn


def downloads(workbook: Workbook, target: Target) -> Markup:
    """Give the files that the workbook makes of what is there, each made when it is asked for."""
    if target.is_inventory:
        made = [_download(workbook.exports.inventory, "inventory.csv", words.IMPORT_DOWNLOAD["inventory"])]
    elif target.release is None:
        return Markup()
    else:
        made = [_release_download(workbook, target.release, form) for form in _FILE_NAME]
    return html('<div class="ro-page ro-buttons">{buttons}</div>', buttons=joined(map(element, made)))


def _release_download(workbook: Workbook, release: Release, form: str) -> Any:
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", release.name).strip("-.")[:120] or f"release-{release.id}"
    label = words.IMPORT_DOWNLOAD[form]
    return _download(lambda: workbook.exports.release(release.id, form), f"{stem}.{_FILE_NAME[form]}", label)


def _download(text: Callable[[], str], file_name: str, label: str) -> Any:
    return mo.download(data=lambda: text().encode(), filename=file_name, mimetype="text/plain", label=label)


def intro(target: Target, files: Markup) -> Markup:
    """Give what stands above the form: what a file may hold, where it goes, and the way to one."""
    release = target.release
    if target.is_read_only:
        return html('<div class="ro-page ro-form"><p>{text}</p>{files}</div>', text=words.IMPORT_ARCHIVED, files=files)
    if target.is_inventory:
        text = words.IMPORT_INVENTORY_HINT
    else:
        text = words.IMPORT_DRAFT_HINT if release is None else words.import_into(release.name, release.status.value)
    return html('<div class="ro-page ro-import-hint"><p>{text}</p>{files}</div>', text=text, files=files)


# ---- what would change ------------------------------------------------------------------------------------------


def controls(importer: Importer) -> tuple[Any, Any]:
    """Give the button that goes on, and the field of the draft's name; None for each that is not wanted."""
    other_numbers()  # a second click on the button before presses no other one
    step = importer.step
    if step.planned is None:
        return None, None
    name = None
    if importer.target.is_draft_made:
        name = mo.ui.text(value=step.name, label=words.IMPORT_NAME, full_width=True, debounce=False)
    if step.is_ready:
        label = words.IMPORT_ALL_THE_SAME if step.is_asked else words.IMPORT_IT
        return mo.ui.run_button(label=label, kind="warn" if step.is_asked else "success"), name
    return (mo.ui.run_button(label=words.IMPORT_LOOK_AGAIN) if name is not None else None), name


def shown(importer: Importer, go: Any, name: Any) -> Markup:
    """Give what an import would do, or why it cannot be done, with the button that goes on."""
    step = importer.step
    refused = element(step.refused.shown) if step.refused is not None else ""
    if step.planned is None:
        return html('<div class="ro-page">{refused}</div>', refused=refused)
    return html(
        '<section class="ro-page ro-import" aria-label="{label}">{note}{head}{reach}{controls}{question}{refused}'
        "{lists}</section>",
        label=words.IMPORT_PREVIEWED,
        note=html('<p class="ro-warned" role="alert">{text}</p>', text=step.note) if step.note else "",
        head=_head(step),
        reach=_reach(importer),
        controls=_controls(go, name, asked=step.is_asked),
        question=_question(step, go),
        refused=refused,
        lists=_findings(step.planned.findings) + (Markup() if step.errors else _deeds(step.planned)),
    )


def _head(step: Step) -> Markup:
    planned = step.planned
    if planned is None:
        return Markup()
    if step.errors:
        kind, text = "ro-refusal", words.import_errors(step.errors)
    elif planned.changes:
        kind, text = "ro-import-counts", words.import_would(_counts(planned.changes), planned.inactive_count)
    else:
        kind, text = "ro-notice", words.IMPORT_NO_CHANGES
    return html(
        '<p class="{kind}" role="{role}"><b>{file}</b> {text}</p>',
        kind=kind,
        role="alert" if step.errors else "status",
        file=f"{step.given.file_name}:" if step.given is not None and step.given.file_name else "",
        text=text,
    )


def _reach(importer: Importer) -> Markup:
    release, step = importer.target.release, importer.step
    if release is None or release.status is not ReleaseStatus.ACTIVE or not step.is_ready or step.planned is None:
        return Markup()
    counts = _counts(step.planned.changes)
    text = words.import_reach(release.name, counts.get("add step", 0), counts.get("update step", 0))
    return html('<p class="ro-warned">{text}</p>', text=text)


def _controls(go: Any, name: Any, *, asked: bool) -> Markup:
    field = html('<div class="ro-field">{name}</div>', name=element(name)) if name is not None else ""
    button = "" if asked or go is None else element(go)
    return html('<div class="ro-import-go">{field}<div class="ro-buttons">{go}</div></div>', field=field, go=button)


def _question(step: Step, go: Any) -> Markup:
    if not step.is_asked or step.planned is None:
        return Markup()
    texts = step.planned.retexts
    return html(
        '<div class="ro-warned" role="alert"><p>{question}</p><p>{go}</p></div>',
        question=words.changes_texts(texts.pending, texts.in_progress),
        go=element(go),
    )


def _counts(changes: tuple[Planned, ...]) -> Counter[str]:
    return Counter(each.action for each in changes)


def _findings(findings: tuple[Finding, ...]) -> Markup:
    if not findings:
        return Markup()
    shown_ones = _worth_showing(findings)
    rows = joined(
        html(
            '<tr class="ro-{kind}"><td>{line}</td><td><b>{word}</b></td><td>{message}</td></tr>',
            kind=each.kind.value,
            line="" if each.line is None else f"{each.line:,}",
            word=each.kind.value,
            message=each.message,
        )
        for each in shown_ones
    )
    return _table(words.IMPORT_FINDINGS, words.IMPORT_FINDING_COLUMNS, rows, len(findings) - len(shown_ones))


def _worth_showing(findings: tuple[Finding, ...]) -> list[Finding]:
    """Give every error that is listed, and the first of all else; in their order."""
    others = [each for each in findings if each.kind is not Kind.ERROR]
    left_out = {id(each) for each in others[FINDINGS_SHOWN:]}
    return [each for each in findings if id(each) not in left_out]


def _deeds(planned: Imported) -> Markup:
    """Give the changes, and what becomes of the customers' steps of each template that is updated."""
    reached = planned.reached[:REACHED_SHOWN]
    steps = joined(
        html("<h4>{name}</h4>{effect}", name=each.name, effect=effect_markup("update", each.effect)) for each in reached
    )
    more = len(planned.reached) - len(reached)
    return html(
        "{changes}{steps}{more}",
        changes=_changes(planned.changes),
        steps=html("<h3>{title}</h3>{steps}", title=words.IMPORT_REACHED, steps=steps) if reached else "",
        more=html('<p class="ro-more">{text}</p>', text=words.and_more(more)) if more > 0 else "",
    )


def _changes(changes: tuple[Planned, ...]) -> Markup:
    if not changes:
        return Markup()
    rows = joined(
        html(
            "<tr><td>{action}</td><td>{what}</td><td>{detail}</td></tr>",
            action=each.action,
            what=each.what,
            detail=each.detail,
        )
        for each in changes[:CHANGES_SHOWN]
    )
    return _table(words.IMPORT_CHANGES, words.IMPORT_CHANGE_COLUMNS, rows, len(changes) - CHANGES_SHOWN)


def _table(title: str, columns: tuple[str, ...], rows: Markup, more: int) -> Markup:
    return html(
        '<h3>{title}</h3><table class="ro-import-{kind}"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
        "{more}",
        title=title,
        kind="findings" if columns is words.IMPORT_FINDING_COLUMNS else "changes",
        heads=joined(html('<th scope="col">{column}</th>', column=column) for column in columns),
        rows=rows,
        more=html('<p class="ro-more">{text}</p>', text=words.and_more(more)) if more > 0 else "",
    )


def _ways(workbook: Workbook, done: Imported) -> Markup:
    """Link to what was stored: the steps of the release, or the clusters that something was done on."""
    if done.release_id is not None:
        return link("steps", words.IMPORT_TO_STEPS, release=done.release_id)
    touched = {each.what for each in done.changes}
    customers = workbook.customers.list(inactive=True)
    places = {each.cluster_id for each in customers if f"{each.name} ({each.namespace})" in touched}
    every = workbook.clusters.list(inactive=True)
    clusters = [each for each in every if each.id in places or each.name in touched]
    links = joined((link("inventory", each.name, cluster=each.id) for each in clusters[:CLUSTERS_LINKED]), ", ")
    more = len(clusters) - CLUSTERS_LINKED
    return html(
        "{look} {links} {more}",
        look=words.IMPORT_LOOK_AT if clusters else "",
        links=links,
        more=words.and_more(more) if more > 0 else "",
    )


def undone(workbook: Workbook, batch_id: int) -> Answer[Any]:
    """Take an import back."""
    return attempt(lambda: workbook.undo(batch_id), lambda _: words.IMPORT_TAKEN_BACK)


def laid_out(drawn: Fields, *buttons: mo.Html, note: object = "") -> mo.Html:
    """Give the form of a file, the upload beside the text, with its buttons under it."""
    rows = joined(
        html('<div class="ro-field ro-file-{name}">{field}</div>', name=name, field=element(field))
        for name, field in drawn.elements.items()
    )
    return show(
        html(
            '<div class="ro-page ro-import-form">{note}{rows}<div class="ro-buttons">{buttons}</div></div>',
            note=note,
            rows=rows,
            buttons=joined(map(element, buttons)),
        )
    )
