"""What is typed in a template's form belongs to the text it was begun over."""

from __future__ import annotations

from typing import Any

from relorch import Workbook
from relorch.ui.editor import Draws, Editor
from relorch.ui.editor_page import show_form
from tests.conftest import Build


def values(editor: Editor, **typed: Any) -> dict[str, Any]:
    """What is in the browser's form: what it was shown, and what was typed over it."""
    return {**editor.form.form["values"], **typed}


def say(editor: Editor, token: int, values: dict[str, Any], **press: Any) -> None:
    kind = {"type": "press", **press} if press else {"type": "typed"}
    number = editor.form.form["heard"] + 1
    editor.form._receive(None, {**kind, "token": token, "number": number, "values": values}, None)


def bench(wb: Workbook, build: Build, *names: str) -> tuple[Editor, list[int]]:
    draft = build.release()
    ids = [build.template(draft, name=name, content=f"echo {name}").id for name in names]
    said: list[Any] = []
    editor = Editor(wb, draft, Draws(form=lambda: show_form(editor), typed=lambda: None, said=said.append))
    editor.start(ids[0])
    show_form(editor)
    return editor, ids


def test_a_text_is_saved_for_the_template_whose_form_it_was_typed_in(wb: Workbook, build: Build) -> None:
    editor, (one, two) = bench(wb, build, "one", "two")
    typed, token = values(editor, content="echo one, more"), editor.form.form["token"]
    editor.open(two)
    say(editor, token, typed)
    say(editor, token, typed, what="save")
    assert [wb.templates.get(each).content for each in (one, two)] == ["echo one", "echo two"]
    assert editor.drafts[one].values["content"] == "echo one, more"


def test_what_is_typed_over_an_old_text_does_not_overwrite_a_colleagues(wb: Workbook, build: Build) -> None:
    editor, (one,) = bench(wb, build, "one")
    typed, token = values(editor, name="one!"), editor.form.form["token"]
    wb.acting_as("ben").templates.update(one, content="echo ben's fix")
    editor.refresh()
    say(editor, token, typed, what="save")
    assert wb.templates.get(one).content == "echo ben's fix"
    assert editor.overtaken(editor.drafts[one])


def test_the_second_click_of_a_double_one_adds_no_second_step(wb: Workbook, build: Build) -> None:
    editor, _ = bench(wb, build, "one")
    editor.begin("deploy")
    typed, token = values(editor, name="two", content="echo two"), editor.form.form["token"]
    for _ in range(2):
        say(editor, token, typed, what="save")
    assert [each.name for each in wb.templates.list(editor.release.id)] == ["one", "two"]


def test_what_is_no_form_of_ours_is_not_heard(wb: Workbook, build: Build) -> None:
    editor, (one,) = bench(wb, build, "one")
    token, shown = editor.form.form["token"], values(editor)
    for strange in ({}, {"type": "press"}, {"type": "press", "what": "drop table", "token": token, "values": shown}):
        editor.form._receive(None, strange, None)
    for odd in (0, -1, token + 1, 2**70, "1", True):
        say(editor, odd, {**shown, "content": "rm -rf /"}, what="save")
    say(editor, token, {**shown, "type": "exe"}, what="save")
    assert wb.templates.get(one).content == "echo one"


def test_a_form_says_what_was_heard_before_it_was_drawn(wb: Workbook, build: Build) -> None:
    editor, ids = bench(wb, build, "one", "two")
    assert editor.form.form["heard"] == 0
    say(editor, editor.form.form["token"], values(editor, name="one!"))
    assert editor.form.form["heard"] == 0
    editor.open(ids[1])
    assert editor.form.form["heard"] == 1
