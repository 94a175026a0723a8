"""The operator's hand-work: what is next, ticking it off, and who was there before."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

import pytest

from relorch import Workbook
from relorch.model.placeholders import sha256
from relorch.model.status import TRANSITIONS, Verb
from tests.cli.conftest import Run
from tests.conftest import Build

COMMAND = {verb: "done" if verb is Verb.MARK_DONE else verb.value for verb in Verb}


def test_next_shows_target_text_and_what_tells_it_again(relorch: Run, wb: Workbook, build: Build) -> None:
    release = build.active(content="helm upgrade -n ${{ namespace }}\n\techo ok", name="Upgrade")
    (step,) = build.steps_of(release)
    customer = wb.customers.get(step.customer_id)
    shown = relorch("next", "--release", release.name, "--customer", customer.namespace)
    text = f"helm upgrade -n {customer.namespace}\n\techo ok"
    assert shown.code == 0
    assert shown.out.endswith(f"\n\n{text}\n")
    assert f"target:   {wb.clusters.get(customer.cluster_id).name}/{customer.namespace}\n" in shown.out
    assert f"sha256:   {sha256(text)}\n" in shown.out
    assert f"relorch done {step.id} --sha256 {sha256(text)[:12]}" in shown.err
    as_json = json.loads(relorch("next", "-r", release.id, "--json").out)
    told = (as_json["id"], as_json["text"], as_json["textSha256"], as_json["rowVersion"])
    assert told == (step.id, text, sha256(text), step.row_version)
    assert (as_json["customer"]["namespace"], as_json["cluster"]["name"]) == (customer.namespace, "cluster-2")


def test_only_the_text_is_the_text_byte_for_byte(relorch: Run, build: Build) -> None:
    text = "echo '\u202e é'\n\tdone"
    release = build.active(content=text, type="text")
    shown = relorch("next", "--release", release.name, "--text")
    assert shown.out == text
    assert "invisible" in shown.err


def test_a_text_with_direction_marks_is_shown_with_marks(relorch: Run, build: Build) -> None:
    step = build.step(content="echo '\u202e'\n\tdone", type="text")
    shown = relorch("show", step.id)
    assert "echo '\\u202e'\n\tdone\n" in shown.out
    assert "\u202e" not in shown.out


def test_nothing_left_prints_nothing_and_says_so(relorch: Run, wb: Workbook, build: Build) -> None:
    step = build.step()
    release = wb.releases.get(step.release_id)
    wb.steps.mark_done(step.id)
    nothing = relorch("next", "--release", release.name)
    assert (nothing.code, nothing.out) == (0, "")
    assert "nothing is left" in nothing.err
    assert json.loads(relorch("next", "--release", release.name, "--json").out) is None
    customer = wb.customers.get(step.customer_id)
    assert relorch("done", "--release", release.name, "--customer", customer.namespace).code == 1


def test_done_records_the_text_it_shows(relorch: Run, wb: Workbook, build: Build) -> None:
    step = build.step(content="echo ${{ namespace }}")
    text = wb.steps.render(step.id).text
    done = relorch("done", step.id, "--note", "took 4 min")
    assert done.code == 0
    assert f"recorded as the text of step {step.id}" in done.err
    assert f"\n{text}\n" in done.err
    now = wb.steps.get(step.id)
    assert (now.status, now.notes, now.executed_content, now.executed_by) == ("done", "took 4 min", text, "ana")
    assert done.lines[1].split()[-2:] == ["done", sha256(text or "")[:12]]


def test_done_without_a_step_is_the_next_one_of_that_customer(relorch: Run, wb: Workbook, build: Build) -> None:
    release = build.active(steps=2)
    first, second = build.steps_of(release)
    namespace = wb.customers.get(first.customer_id).namespace
    done = relorch("done", "--release", release.name, "--customer", namespace, "--yes", "--json")
    assert [step["id"] for step in json.loads(done.out)["steps"]] == [first.id]
    assert [step.status for step in build.steps_of(release)] == ["done", "pending"]
    assert relorch("done").code == 2
    assert relorch("done", "--release", release.name).code == 2
    assert wb.steps.get(second.id).status == "pending"


@pytest.mark.parametrize("verb", ["start", "done", "skip", "fail"])
def test_the_next_step_is_not_taken_unseen_where_nobody_can_be_asked(
    relorch: Run, wb: Workbook, build: Build, verb: str
) -> None:
    first, second = build.steps_of(build.active(steps=2, content="echo ${{ namespace }}"))
    wb.acting_as("ben").steps.mark_done(first.id)
    customer = wb.customers.get(first.customer_id)
    target = f"{wb.clusters.get(customer.cluster_id).name}/{customer.namespace}"
    words = [verb, "-r", first.release_id, "-c", target, *(["--reason", "told so"] if verb in ("skip", "fail") else [])]
    blind = relorch(*words)
    assert (blind.code, blind.out) == (2, "")
    named = f"the next step of {target} '{customer.name}' is {second.id} '{second.name}'"
    assert [part for part in (named, "its id", "--yes") if part not in blind.err] == []
    assert ("--sha256" in blind.err) == (verb != "skip")
    assert wb.steps.get(second.id).status == "pending"
    if verb != "skip":
        assert relorch(*words, "--sha256", wb.steps.detail(second.id).text_sha256).code == 0
    else:
        assert relorch(*words, "--version", second.row_version).code == 2  # fresh steps all have the same one
        assert relorch(*words, "--yes").code == 0
    assert wb.steps.get(second.id).status != "pending"


def test_at_a_terminal_the_question_says_where_the_next_step_is(url: str, wb: Workbook, build: Build) -> None:
    step = build.step()
    customer = wb.customers.get(step.customer_id)
    mine, theirs = pty.openpty()
    words = ["done", "-r", str(step.release_id), "-c", str(customer.id), "--db", url, "--operator", "ana"]
    command = [sys.executable, "-m", "relorch", *words]
    with subprocess.Popen(command, stdin=theirs, stdout=subprocess.DEVNULL, stderr=theirs) as asked:
        os.write(mine, b"n\n")
        code = asked.wait(60)
    os.close(theirs)
    said = os.read(mine, 10_000).decode()
    os.close(mine)
    target = f"{wb.clusters.get(customer.cluster_id).name}/{customer.namespace}"
    assert f"The next step of {target} '{customer.name}' is {step.id} '{step.name}'. Go on?" in said
    assert (code, wb.steps.get(step.id).status) == (1, "pending")


def test_what_was_ticked_is_told_with_where_and_how_to_see_what_is_recorded(
    relorch: Run, wb: Workbook, build: Build
) -> None:
    steps = build.steps_of(build.active(customers=2))
    done = relorch("done", *(step.id for step in steps))
    customers = [wb.customers.get(step.customer_id) for step in steps]
    cluster = wb.clusters.get(customers[0].cluster_id)
    assert [line.split()[1] for line in done.lines] == ["TARGET", *(f"{cluster.name}/{c.namespace}" for c in customers)]
    assert "'relorch show ID --text' prints it" in done.err
    assert relorch("show", steps[0].id, "--text").out == "true"
    failed = relorch("fail", *(step.id for step in steps), "--reason", "disk full")
    assert "'relorch show ID --json' has it as executedContent" in failed.err
    assert json.loads(relorch("show", steps[0].id, "--json").out)["executedContent"] == "true"
    skipped = relorch("skip", *(step.id for step in build.steps_of(build.active(steps=2))), "--reason", "no need")
    assert (skipped.code, "relorch show" in skipped.err) == (0, False)


def test_words_that_can_name_nothing_are_wrong_usage(relorch: Run, build: Build) -> None:
    step = build.step()
    for words in (["x"], [""], ["--", "-1"], ["0"], ["9" * 19], [step.id, "0"], [step.id, "x"]):
        wrong = relorch("done", *words)
        assert (wrong.code, wrong.out, "Traceback" in wrong.err) == (2, "", False), words
    for digest in ("abc", "", "g" * 64, "a" * 65, "sha256:abcdef01"):
        wrong = relorch("done", step.id, "--sha256", digest)
        assert (wrong.code, wrong.out) == (2, ""), digest
        assert "first 8 digits" in wrong.err
    assert relorch("done", step.id, "--version", "0").code == 2
    assert relorch("show", "0").code == 2
    assert [relorch(*words).code for words in (("undo", 0), ("history", "--step", 0), ("history", "--batch", 0))] == [
        2
    ] * 3
    assert relorch("next", "-r", "0").code == 2
    assert relorch("done", 4711).code == 1
    assert relorch("done", step.id).code == 0


def test_a_digest_of_another_step_is_told_as_that(relorch: Run, build: Build) -> None:
    step = build.step()
    wrong = relorch("done", step.id, "--sha256", "deadbeef")
    assert wrong.code == 1
    assert "is not that of the text of step" in wrong.err
    assert "changed at" not in wrong.err


def test_a_text_that_is_not_the_one_that_was_shown_is_not_recorded(relorch: Run, wb: Workbook, build: Build) -> None:
    step = build.step(content="echo old")
    digest = sha256("echo old")
    assert step.template_id is not None
    wb.templates.update(step.template_id, content="echo new")
    late = relorch("done", step.id, "--sha256", digest[:12])
    assert late.code == 1
    assert "no longer the one that was shown" in late.err
    assert relorch("done", step.id, "--version", step.row_version).code == 1
    assert relorch("done", step.id, "--sha256", digest[:7]).code == 2
    assert wb.steps.get(step.id).status == "pending"
    assert relorch("done", step.id, "--sha256", sha256("echo new")[:12].upper()).code == 0


@pytest.mark.parametrize("verb", list(Verb))
def test_every_verb_leads_where_the_table_says(relorch: Run, wb: Workbook, build: Build, verb: Verb) -> None:
    step = build.step()
    if verb in (Verb.REVERT, Verb.REOPEN):
        wb.steps.mark_done(step.id)
    rule = TRANSITIONS[verb]
    said = ["--reason", "told so"] if rule.reason != "none" else ["--note", "told so"]
    assert relorch(COMMAND[verb], step.id, *said).code == 0
    now = wb.steps.get(step.id)
    assert now.status == rule.target
    assert (now.skip_reason if verb is Verb.SKIP else now.notes) == "told so"


def test_of_a_list_the_legal_ones_are_applied_and_the_refused_are_told(
    relorch: Run, wb: Workbook, build: Build
) -> None:
    first, second, third = build.steps_of(build.active(steps=3))
    wb.steps.mark_done(second.id)
    part = relorch("done", first.id, second.id, third.id, 9999)
    assert part.code == 1
    assert [line.split()[0] for line in part.lines[1:]] == [str(first.id), str(third.id)]
    assert f"Step {second.id}" in part.err
    assert "9999" in part.err
    assert [wb.steps.get(step.id).status for step in (first, third)] == ["done", "done"]


def test_of_a_list_the_refused_are_in_the_json_too(relorch: Run, wb: Workbook, build: Build) -> None:
    first, second = build.steps_of(build.active(steps=2))
    wb.steps.mark_done(second.id)
    part = relorch("skip", first.id, second.id, "--reason", "no need", "--json")
    told = json.loads(part.out)
    assert ([step["id"] for step in told["steps"]], part.code) == ([first.id], 1)
    assert [(each["stepId"], each["error"]) for each in told["refused"]] == [(second.id, "IllegalTransition")]
    assert told["batchId"] == wb.history(step_id=first.id)[-1].batch_id


def test_somebody_elses_claim_is_not_finished_unasked(relorch: Run, wb: Workbook, build: Build) -> None:
    step = build.step()
    wb.acting_as("ben").steps.start(step.id)
    refused = relorch("done", step.id)
    assert refused.code == 1
    assert "in progress by ben" in refused.err
    assert "--yes" in refused.err
    assert wb.steps.get(step.id).status == "in_progress"
    assert relorch("done", step.id, "--yes").code == 0
    assert wb.steps.get(step.id).executed_by == "ana"


@pytest.mark.parametrize(("answer", "status"), [("y", "done"), ("n", "in_progress")])
def test_at_a_terminal_it_asks(url: str, wb: Workbook, build: Build, answer: str, status: str) -> None:
    step = build.step()
    wb.acting_as("ben").steps.start(step.id)
    mine, theirs = pty.openpty()
    command = [sys.executable, "-m", "relorch", "done", str(step.id), "--db", url, "--operator", "ana"]
    with subprocess.Popen(command, stdin=theirs, stdout=subprocess.DEVNULL, stderr=theirs) as asked:
        os.write(mine, f"{answer}\n".encode())
        code = asked.wait(60)
    os.close(theirs)
    os.close(mine)
    assert (code, wb.steps.get(step.id).status) == (0 if answer == "y" else 1, status)


def test_what_was_refused_before_the_question_is_not_done_after_it(url: str, wb: Workbook, build: Build) -> None:
    claimed, undecided = build.steps_of(build.active(steps=2))
    ben = wb.acting_as("ben").steps
    ben.start(claimed.id)
    ben.mark_done(undecided.id)
    mine, theirs = pty.openpty()
    ids = (str(claimed.id), str(undecided.id))
    command = [sys.executable, "-m", "relorch", "done", *ids, "--db", url, "--operator", "ana"]
    with subprocess.Popen(command, stdin=theirs, stdout=subprocess.DEVNULL, stderr=theirs) as asked:
        told = b""
        while b"somebody else's work" not in told:
            told += os.read(mine, 4096)
        ben.reopen(undecided.id)
        os.write(mine, b"y\n")
        code = asked.wait(60)
    told += os.read(mine, 65_536)
    os.close(theirs)
    os.close(mine)
    assert code == 1
    assert b"already done by ben" in told
    assert [wb.steps.get(step.id).status.value for step in (claimed, undecided)] == ["done", "pending"]


def test_the_second_of_two_learns_who_was_first(relorch: Run, wb: Workbook, build: Build) -> None:
    step = build.step()
    assert relorch("done", step.id, "--operator", "ben").code == 0
    late = relorch("done", step.id)
    assert late.code == 1
    assert "already done by ben" in late.err


def test_undo_takes_the_last_one_back_and_an_undo_too(relorch: Run, wb: Workbook, build: Build) -> None:
    step = build.step()
    relorch("done", step.id)
    undone = relorch("undo", "--json")
    assert json.loads(undone.out)["stepIds"] == [step.id]
    assert wb.steps.get(step.id).status == "pending"
    assert relorch("undo", json.loads(undone.out)["batchId"]).code == 0
    assert wb.steps.get(step.id).status == "done"
    assert relorch("undo", 4711).code == 1


def test_history_tells_who_did_what_and_why(relorch: Run, build: Build) -> None:
    step = build.step()
    relorch("fail", step.id, "--reason", "the pod is gone", "--operator", "ben")
    said = relorch("history", "--step", step.id)
    assert [part for part in ("ben", "step.fail", "the pod is gone") if part not in said.out] == []
    (event,) = json.loads(relorch("history", "--step", step.id, "--json").out)
    assert (event["operator"], event["action"], event["after"]["status"]) == ("ben", "step.fail", "failed")


def test_show_lists_all_steps_of_a_customer(relorch: Run, wb: Workbook, build: Build) -> None:
    release = build.active(steps=2)
    steps = build.steps_of(release)
    namespace = wb.customers.get(steps[0].customer_id).namespace
    listed = relorch("show", "--release", release.name, "--customer", namespace)
    assert [line.split()[0] for line in listed.lines] == ["ID", *(str(step.id) for step in steps)]
    assert relorch("show", "--customer", namespace).code == 2


def test_show_lists_the_steps_of_a_release_also_of_a_draft(relorch: Run, build: Build) -> None:
    release = build.release()
    template = build.template(release, name="Migrate", required=True)
    assert relorch("show", "--release", release.name).lines[1].split()[:5] == [
        "1",
        "deploy",
        "Migrate",
        "bash",
        "required",
    ]
    (listed,) = json.loads(relorch("show", "--release", release.name, "--json").out)
    assert (listed["id"], listed["standing"]) == (template.id, {"pending": 0, "overridden": 0, "executed": 0})
