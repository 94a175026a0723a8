"""The sentences of the pages that Python writes; the widgets keep theirs at the top of their modules."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from relorch.model.actions import ACTION
from relorch.model.status import Verb
from relorch.model.text import visible
from relorch.views.flow import Flow, Forecast

VERB_LABEL = {
    Verb.START: "Start",
    Verb.MARK_DONE: "Mark done",
    Verb.FAIL: "Fail",
    Verb.SKIP: "Skip",
    Verb.REVERT: "Revert",
    Verb.REOPEN: "Reopen",
}
VERB_KEY = {
    Verb.START: "b",
    Verb.MARK_DONE: "d",
    Verb.FAIL: "f",
    Verb.SKIP: "s",
    Verb.REVERT: "r",
    Verb.REOPEN: "o",
}
DID = {
    Verb.START: "Started",
    Verb.MARK_DONE: "Done",
    Verb.FAIL: "Recorded as failed",
    Verb.SKIP: "Skipped",
    Verb.REVERT: "Recorded as reverted",
    Verb.REOPEN: "Reopened",
}

NOT_GUARDED = (
    "Not guarded: this page runs alone, and anything on this machine can reach it. "
    "Start 'relorch serve' for the guarded workbook with all its pages."
)
NOT_UNDERSTOOD = "The page sent something that was not understood; nothing was stored. Reload the page."
STORED = "Stored."
TRY_AGAIN = "Try again"
REFUSED = "Refused."
NOT_SAVED = "Not saved."
NO_RELEASE = "There is no release yet."
NO_SUCH_RELEASE = "There is no such release. It may have been deleted, or the link is wrong."
DRAFT_HAS_NO_MATRIX = "This release is a draft: it has no customers yet. Activate it to give them its steps."
NO_MATRIX_YET = "The matrix of a release is here as soon as there is one."
NO_SUCH_STEP = (
    "The step that was asked for is not in this release: it was deleted, or the link is wrong. Select another one."
)
FIRST_RUN_TITLE = "An empty workbook. Three steps to the first release:"
FIRST_RUN_GOES_ON = "Not yet rolled out. Three steps to the first release:"
FIRST_RUN = (
    ("Write down your clusters and the customers on them.", "Open the inventory"),
    ("Create a release and the steps that every customer gets.", "Create the release"),
    ("Activate it for the customers you choose; the matrix opens for work.", "Choose the customers"),
)
FIRST_RUN_STEPS = "Write its steps"
FIRST_RUN_SAMPLE = "To look around first, stop the server and start it with 'relorch serve --sample'."
# the dashboard
NO_VERSION = "no version yet"
VERSIONS_TITLE = "Versions"
IN_THE_MATRIX = "see them in the matrix"
WITH_THE_RELEASE = "see the release's members"


# the feed
NO_ANSWER = "the database does not answer."

# the step panel
UNDONE = "Undone: it is as it was before."
EDITED = {
    "override": "This customer has a text of its own now.",
    "reset": "The template's text again.",
    "update": "The custom step was changed.",
    "delete": "The custom step was deleted.",
}
ADDED = "The custom step was added for this customer."
ADDED_SHARED = "The step was added to the template, for every customer of this release."
NOT_FROM_HERE = "This cannot be undone from here. Nothing was changed; the step's history says what happened."
EMPTY_STEP = "Select a step: its text and its buttons appear here."
ALL_QUIET = "Nothing failed, and no release is waiting."


# forms: what stands beside a field, for the names that the workbook has for it
UNSAVED = "Unsaved"
TYPED_BEFORE = "What you typed here before is not stored yet."
LABEL = {
    "name": "Name",
    "namespace": "Namespace",
    "kubeconfig_path": "Kubeconfig path",
    "type": "Type",
    "version_number": "Version",
    "release_date": "Release date",
    "description": "Description",
    "metadata": "Metadata",
    "content": "Content",
    "reason": "Reason",
    "notes": "Notes",
    "required": "Required",
    "category": "Category",
    "position": "Position",
    "cluster_id": "Cluster",
    "customer_id": "Customer",
    "customer_ids": "Customers",
    "release_id": "Release",
    "template_id": "Step",
    "step_id": "Step",
    "step_ids": "Steps",
}


def by_label(refusal: str) -> str:
    """Give a refusal that begins with the workbook's name of a field with what stands beside that field."""
    field, blank, why = refusal.partition(" ")
    return f"{LABEL.get(field, field)}{blank}{why}"


def moment(at: datetime) -> str:
    """Give a time for people, to the minute, with its zone."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def duration(since: datetime, now: datetime) -> str:
    """Give how long it has been, in one unit: '12 min'."""
    seconds = int((now - since).total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return "less than a minute"


def age(at: datetime, now: datetime) -> str:
    """Give how long ago a time was: '12 min ago'."""
    return f"{duration(at, now)} ago"


def action(name: str) -> str:
    """Give an event's action in the words of the screen."""
    return ACTION.get(name, name.replace(".", " ").replace("_", " "))


def steps(count: int) -> str:
    """Give a count of steps with its noun."""
    return f"{count:,} step" if count == 1 else f"{count:,} steps"


def not_up_to_date(why: str) -> str:
    """Say that a page may show what is no longer so, and why."""
    return f"Not up to date: {why} This page asks again by itself."


# the checklist
RELEASE_WITHOUT_CUSTOMERS = "No customer takes part in this release yet."
ARCHIVED_IS_READ_ONLY = "This release is archived: its steps can be read, not changed."
STEP_OF_ONE_CUSTOMER = "There is no step here that every customer has."
STEP_IS_COMPLETE = "Every customer is through with this step."
LAST_OPEN = "This is the last open step here."
CHECKLIST_EMPTY = "Select a step: its text and its buttons appear here."
CHECKLIST_ON_AN_EMPTY_WORKBOOK = (
    "There is no release yet, so there is nothing to tick off. Write down your clusters and customers, "
    "make a release and activate it; its checklist is here then."
)


def draft_has_no_checklist(release: str) -> str:
    """Say that a draft has nothing to tick off."""
    return f"{visible(release)} is a draft: it has no customers yet, so there is nothing to tick off."


def no_such(kind: str) -> str:
    """Say that what the address of a checklist names is not there."""
    return f"The link leads nowhere: there is no such {kind}."


def no_member(customer: str, release: str) -> str:
    """Say that a customer takes no part in a release."""
    return f"{visible(customer)} does not take part in {visible(release)}."


def is_held(reason: str | None) -> str:
    """Say that a customer is on hold and why."""
    return f"On hold in this release: nothing can be done here now. Reason: {visible(reason or 'none given')}"


def is_removed(reason: str | None) -> str:
    """Say that a customer was removed from the release and why."""
    return f"Removed from this release: its steps can only be read. Reason: {visible(reason or 'none given')}"


def next_step(category: str, number: int, name: str) -> str:
    """Name the step that comes next of a customer."""
    return f"{category.capitalize()} {number} · {name}"


def next_customer(where: str, name: str) -> str:
    """Name the customer whose step comes next."""
    return f"{where} · {name}"


def complete(customer: str) -> str:
    """Say that a customer is through with a release."""
    return f"{customer} is complete: every step is done or skipped."


def claimed_here(count: int) -> str:
    """Say that what is open is being worked at by others."""
    return f"Nothing left for you here: {steps(count)} in progress by somebody else."


def complete_but_held(count: int) -> str:
    """Say that only customers on hold have this step open."""
    return f"Every customer that is not on hold is through with this step; {steps(count)} on hold."


def go_to_customer(name: str) -> str:
    """Offer the next customer with open work."""
    return f"Go on with {name}"


def go_to_step(name: str) -> str:
    """Offer the next step with open work."""
    return f"Go on with the step {name}"


# steps page
STEPS_NONE = "There is no release yet. Steps belong to a release: create one first."
TO_RELEASES = "Go to the releases"
STEPS_NO_SUCH = "There is no such step in this release; it may have been deleted or retired, or the link is wrong."
STEPS_ARCHIVED = "This release is archived: its steps can be read, not changed."
STEPS_EMPTY_ARCHIVED = "This release was archived without a single step."
STEPS_GONE = "This step was deleted or retired meanwhile. What you typed stays here, so that you can copy it."
STEPS_NO_CUSTOMER = "There is no active customer yet to preview this step for."
STEPS_NOTHING_CHANGED = "Nothing was changed, so nothing was stored."
STEPS_CHANGED_SINCE = (
    "What is typed was changed after this preview. Preview the change again, then save exactly what you saw."
)
PLAN_CHANGED = "Somebody has changed something since the preview: this is what the change does now. Nothing was done."
STEPS_PREVIEW_OF_TYPED = "The text as it is typed now, not stored yet."
STEPS_PREVIEW_OF_STORED = "The text as it is stored."
STEPS_SOURCE = "Source text, not rendered. Do not run it."
STEPS_NO_WARNING = "No warning."
ORDER_STALE = (
    "The list changed meanwhile: somebody added, removed or moved a step. The order was not stored; "
    "the list is shown as it is now. Move the step again."
)
ORDER_STORED = {
    "deploy": "The order of the deploy steps is stored, for every customer.",
    "verify": "The order of the verify steps is stored, for every customer.",
}
ORDER_UNDONE = "Taken back: the order is as it was before."
EFFECT_NONE = "No customer's step changes."
EFFECT_TITLE = {
    "update": ("will be changed", "overridden: left as is", "already executed: left as is"),
    "add": ("will be added", "", ""),
    "delete": ("removed or skipped", "overridden: kept, and visible", "executed: kept as recorded"),
}
EFFECT_CANNOT_RENDER = "cannot render after this: there will be no text to run"


def steps_changed_by(who: str, when: str) -> str:
    """Say that somebody else changed the step that is being edited."""
    return f"This step was changed by {who}, {when}, while you were typing. Nothing of yours is lost."


def template_saved(name: str, updates: int, overridden: int, executed: int) -> str:
    """Say what saving a template did."""
    parts = [f"“{name}” is saved."]
    if updates:
        parts.append(f"{steps(updates)} took the change.")
    if overridden:
        parts.append(f"{overridden:,} overridden {'keeps its' if overridden == 1 else 'keep their'} own text.")
    if executed:
        parts.append(f"{executed:,} executed {'stays' if executed == 1 else 'stay'} as recorded.")
    return " ".join(parts)


def template_added(name: str, given: int) -> str:
    """Say what adding a template did."""
    return f"“{name}” is added." + (f" {_customers(given)} got it." if given else "")


def template_gone(name: str, draft: bool, touched: int, kept: int) -> str:
    """Say what deleting or retiring a template did."""
    if draft:
        return f"“{name}” is deleted."
    stay = f" {steps(kept)} {'stays' if kept == 1 else 'stay'} visible." if kept else ""
    return f"“{name}” is retired. {steps(touched)} removed or skipped.{stay}"


def reopened_steps(count: int, refused: int) -> str:
    """Say how many steps were reopened with the new text."""
    return f"{steps(count)} reopened with the new text." + (f" {refused:,} could not be." if refused else "")


def taken_back(count: int) -> str:
    """Say that a change of a template was undone."""
    return "Taken back." + (f" {steps(count)} changed with it." if count else "")


def save_label(what: str, count: int) -> str:
    """Give the label of the button that carries out a previewed change."""
    if what == "add":
        return f"Add it for {_customers(count)}"
    if what == "delete":
        return f"Retire this step: {steps(count)} removed or skipped" if count else "Retire this step"
    return f"Save and change {steps(count)}" if count else "Save"


def reopen_label(count: int) -> str:
    """Give the label of the button that reopens what failed or was reverted."""
    noun = "step" if count == 1 else "steps"
    return f"Reopen {count:,} failed and reverted {noun} with the new text"


def _customers(count: int) -> str:
    return f"{count:,} customer" if count == 1 else f"{count:,} customers"


# the releases
RELEASES_BY_STATUS = {"active": "Active", "draft": "Drafts", "archived": "Archived"}
NEW_RELEASE = "New release"
FIRST_RELEASE = (
    "A release begins as a draft. Then you write its steps, choose its customers and activate it; "
    "each customer gets every step as a cell of the matrix."
)
NO_SUCH_RELEASE_HERE = (
    "There is no such release. It may have been deleted, or the link is wrong. "
    "Choose one from the list, or create a new one."
)
GONE = "This release is not there any more: somebody has deleted the draft. Choose another one from the list."
WRITE_STEPS = "Write its steps"
OPEN_MATRIX = "Open the matrix"
NO_CUSTOMERS = "There is no customer to choose yet. Write down your clusters and customers first:"
FOR_RELEASE = "Customers to activate this release for"
FOR_ADDING = "Customers to add to this release"
ALL_HELD = "On hold"
NOBODY_LEFT = "Every customer in use takes part in this release already."
TO_INVENTORY = "open the inventory"
NO_MEMBERS = "No customer takes part in this release."
NOBODY_TO_CHANGE = "Nobody takes part in this release any more."
MEMBER_COLUMNS = ("Customer", "State", "Progress")
WOULD_COME_BACK = "removed, would come back"
CHOOSE_FIRST = "Choose at least one customer."
ALL_RENDER = "Every step has its text for every chosen customer."
CANNOT_RENDER_HINT = "It can be activated all the same; these steps stay without text until that is mended:"
SAVE_ALL_THE_SAME = "Save all the same"
SAVE_MINE_OVER_IT = "Save mine over it"
OPEN_ANEW = "Show what can be done now"
PREVIEW_IS_OLD = "The steps or the customers were changed after the preview; look at it again, then press once more."
AT_THE_END = "at the end"
NOT_ASKED = "That is no longer what was asked about: something was typed or changed since. Press Save again."
DELETE_FOR_GOOD = "Delete for good"
ASKED_ANEW = "It is no longer what you were asked about: somebody has changed it meanwhile. Nothing was done."
ARCHIVE_ALL_THE_SAME = "Archive all the same"
CLOSING = {
    "Delete": "Deletes the draft and its steps; what was recorded about it stays in the history.",
    "Archive": "An archived release can only be read. It can be reopened at any time.",
    "Reopen": "Takes the release out of the archive, back to the status it was archived from.",
}
_DID_TO_MEMBERS = {"hold": "put on hold", "resume": "resumed", "remove": "removed"}


def customers(count: int) -> str:
    """Give a count of customers with its noun."""
    return f"{count:,} customer" if count == 1 else f"{count:,} customers"


def metadata(count: int) -> str:
    """Give the title of a release's metadata."""
    return f"Metadata: {count:,} value" if count == 1 else f"Metadata: {count:,} values"


def left_open(count: int) -> str:
    """Say what an archived release left behind."""
    return f"{steps(count)} left open" if count else "nothing left open"


def draft_has(count: int) -> str:
    """Say how many steps a draft has, and what comes next."""
    if not count:
        return "No step yet. Write its steps, then activate it for the customers you choose."
    return f"{steps(count)} for every customer. Activate it for the customers you choose."


def members(active: int, held: int, removed: int) -> str:
    """Count the members of one cluster by state."""
    parts = [customers(active), f"{held:,} on hold" if held else "", f"{removed:,} removed" if removed else ""]
    return ", ".join(part for part in parts if part)


def not_on(version: str) -> str:
    """Name the customers whose current version is another one."""
    return f"Not on {version}"


def activate_for(count: int) -> str:
    """Label the button that activates a draft."""
    return f"Activate for {customers(count)}" if count else "Activate"


def add(count: int) -> str:
    """Label the button that adds customers."""
    return f"Add {customers(count)}" if count else "Add"


def more(count: int) -> str:
    """Say how many lines are folded away."""
    return f"{count:,} more"


def more_in_matrix(count: int) -> str:
    """Say that a list of members ends here, and where the rest is."""
    return f"{customers(count)} more: see all in the matrix"


def cannot_render(count: int) -> str:
    """Say that some steps would have no text."""
    return f"{steps(count)} cannot render for some of the chosen customers."


def created_draft(name: str) -> str:
    """Say that a draft was created."""
    return f"Created the draft {name}."


def cloned(name: str, source: str, count: int) -> str:
    """Say that a release was cloned."""
    return f"Created the draft {name} with the {steps(count)} of {source}."


def saved(name: str) -> str:
    """Say that an edit was stored."""
    return f"{name} is saved."


def changes_texts(pending: int, in_progress: int) -> str:
    """Ask before an edit that changes what open steps say."""
    return (
        f"This edit changes the text of {steps(pending)} still to be started and of {steps(in_progress)} in progress. "
        "What is in progress is recorded with the text it was started with."
    )


def delete_question(name: str, count: int) -> str:
    """Ask before a draft is deleted."""
    return f"Delete the draft {name} with its {steps(count)}?"


def deleted(name: str) -> str:
    """Say that a draft was deleted."""
    return f"Deleted the draft {name}."


def archive_question(counted: str, count: int, held: int) -> str:
    """Ask before a release is archived that is not finished."""
    on_hold = f", and {steps(held)} of customers on hold" if held else ""
    return f"Not finished: {steps(count)} still open{on_hold} ({counted}). They stay as they are and can only be read."


def archived(name: str) -> str:
    """Say that a release was archived."""
    return f"{name} is archived."


def reopened(name: str, status: str) -> str:
    """Say that a release was taken out of the archive."""
    return f"{name} is out of the archive, {status} again."


def activated(name: str, count: int) -> str:
    """Say that a draft was activated."""
    return f"{name} is active for {customers(count)}."


def added(count: int, already: list[str]) -> str:
    """Say how many customers came into a release, and who took part already."""
    if not already:
        return f"Added {customers(count)}."
    return f"Added {customers(count)}. {', '.join(already)} took part already and stayed as before."


def is_now(name: str, status: str | None) -> str:
    """Say what somebody made of a release that is open here."""
    made = f"{name} is {status} now" if status else f"{name} was deleted"
    return f"{made}: what is below was drawn before that, and keeps what you typed."


def would_get(customers: int, steps: int) -> str:
    """Say how much an activation, or customers who join, will make."""
    who = "1 customer gets" if customers == 1 else f"{customers:,} customers get"
    return f"{who} {steps:,} {'step' if steps == 1 else 'steps'} in all."


def before_step(name: str) -> str:
    """Say that a new step is to stand before another."""
    return f"before “{name}”"


def behind_step(name: str) -> str:
    """Say that a new step is to stand behind another."""
    return f"behind “{name}”"


def changed_members(verb: str, named: Sequence[str], count: int) -> str:
    """Say what was done to so many members, the `named` among them, and how the removed come back."""
    names = [visible(name) for name in named]
    if count > len(names):
        names.append(f"{count - len(names):,} more")
    whom = " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
    done = f"{whom}: {customers(count)} {_DID_TO_MEMBERS[verb]}."
    if verb != "remove":
        return done
    back = "it back with its steps" if count == 1 else "them back with their steps"
    return f"{done} “Add customers” brings {back}."


DIFF_LABEL = "From the template's new text to this customer's own"
STEPS_TEXT = "Text of this step for this customer"
STEPS_WARNINGS = "Warnings"


def and_more(count: int) -> str:
    """Say that a list goes on."""
    return f"… and {count:,} more."


def invisible_in_text(count: int) -> str:
    """Say that a text has characters that nobody sees."""
    noun = "character" if count == 1 else "characters"
    return f"{count:,} invisible {noun} in this text, shown as boxes. Copying takes them along."


def raw_in_text(count: int) -> str:
    """Say that a text has values that were put in without quoting."""
    noun = "value" if count == 1 else "values"
    return f"{count:,} raw {noun}, inserted without quoting. Read before you run this."


PLAN_TITLE = {
    "update": "What this change does",
    "add": "What this new step does",
    "delete": "What taking this step out does",
}
NEW_STEP = {"deploy": "New deploy step", "verify": "New verify step"}


SAVE = "Save"
ADD_STEP = "Add this step"
PREVIEW_CHANGE = "Preview the change"
DISCARD = "Discard what I typed"
RETIRE = "Retire …"
DELETE = "Delete …"
DELETE_IT = "Delete this step"
LEAVE_IT = "Leave it as it is"
UNDO = "Undo"
TAKE_THEIRS = "Show the stored text, drop mine"
KEEP_MINE = "Go on with mine"
PLAN_TITLE_DRAFT = "Delete this step of the draft? No customer has it yet."
PLACEHOLDERS = "Placeholders"
NO_SUCH_CUSTOMER = "The customer in the link is not there or not active; here is another one."
STEPS_NO_TEXT = "No text yet."


# the matrix: why steps of a selection were refused, in a few words
_STEP_SUBJECT = re.compile(r"^Step \d+ '.*'(?:: | )")


def already(status: str, who: str | None) -> str:
    """Say that a step is what it should become, and by whom: 'already done by ben'."""
    return f"already {status.replace('_', ' ')} by {who or 'somebody'}"


def changed_since(status: str, who: str | None) -> str:
    """Say that a step is no longer what was shown: 'changed by ben, done now'."""
    return f"changed by {who or 'somebody'}, {status.replace('_', ' ')} now"


def no_value_for(placeholders: str) -> str:
    """Say which placeholders have no value."""
    return f"cannot render {placeholders}"


def in_status(status: str) -> str:
    """Say that a step's status does not allow it."""
    return f"not possible while {status.replace('_', ' ')}"


def select_at_most(most: int, selected: int) -> str:
    """Say that fewer steps have to be selected."""
    return f"Select at most {most:,} steps at once; {selected:,} are selected."


PREVIEW_GONE = "What was checked is not known any more, so nothing was stored. Press Cancel and choose the verb again."


def without_step(sentence: str) -> str:
    """Give why a step was refused without its number and names: the same for all that were for that reason."""
    return _STEP_SUBJECT.sub("", sentence).split(";")[0].rstrip(".")


# the inventory
CLUSTERS_AND_CUSTOMERS = "Clusters and customers"
INACTIVE = "inactive"
CLUSTER = "cluster"
NEW_CLUSTER = "New cluster"
FIRST_CLUSTER = "The inventory is empty. First write down a cluster; then the first customer on it."
NEW_CLUSTER_HINT = "Its customers come after it: each is one namespace on it."
FIRST_CUSTOMER = "No customer lives here yet. Now its first customer: a namespace on this cluster."
PICK_ONE = "Pick a cluster or a customer on the left."
NO_SUCH = {
    "cluster": "There is no such cluster; the link is wrong. Pick one on the left, or search for it.",
    "customer": "There is no such customer; the link is wrong. Pick one on the left, or search for it.",
}
NO_KUBECONFIG = "no path written down"
NO_VERSION = "no release completed yet"
OPEN_IT = "Open it"
NO_RELEASES_OF_CUSTOMER = "This customer takes part in no release yet."
STANDING_COLUMNS = ("Release", "State", "Progress", "Completed", "Open")
PROGRESS = "Progress"
_FIELD = {
    "name": "name",
    "namespace": "namespace",
    "description": "description",
    "metadata": "metadata",
    "cluster_id": "cluster",
}


def customers_on(active: int, inactive: int) -> str:
    """Count the customers of a cluster."""
    return customers(active) + (f" and {inactive:,} {INACTIVE}" if inactive else "")


def on_version(version: str, since: datetime) -> str:
    """Say which version a customer is on, and since when."""
    return f"on {version} since {since:%Y-%m-%d}"


def created_cluster(name: str) -> str:
    """Say that a cluster was created."""
    return f"{name} is created."


def created_customer(name: str, where: str) -> str:
    """Say that a customer was created, and where."""
    return f"{name} is created as {where}."


def in_use(again: bool, *, customer: bool) -> str:
    """Say what deactivating means, or reactivating (`again`)."""
    if again:
        return "It is offered for releases again." if customer else "Customers can be put on it again."
    if customer:
        return "It is not offered for releases any more; what was recorded stays. It can be reactivated at any time."
    return "No customer can be put on it any more; what was recorded stays. It can be reactivated at any time."


def put_in_use(name: str, active: bool) -> str:
    """Say that something was taken out of use, or into it again."""
    return f"{name} is active again." if active else f"{name} is inactive now."


def standing(state: str, *, archived: bool) -> str:
    """Say how a customer takes part in a release."""
    word = {"held": "on hold", "removed": "removed"}.get(state, "")
    return ", ".join(part for part in (word, "archived" if archived else "") if part) or "active"


def newest_only(count: int) -> str:
    """Say that a history goes further back than what is shown."""
    return f"The newest {count:,} are shown."


def changed(field: str, before: str, after: str) -> str:
    """Say what an edit did to one field."""
    return f"{_FIELD[field]}: {before or 'empty'} → {after or 'empty'}"


SOMEBODY = "somebody else"
WHILE_AGO = "a while ago"


# imports, on the pages inventory and releases
IMPORT_FILE = "Drop a file here, or press to choose one (at most 10 MB)"
IMPORT_PASTE = "Or paste its text"
IMPORT_PASTED = "what was pasted"
IMPORT_FORM = "Format"
IMPORT_BY_ENDING = "by the file's ending"
IMPORT_FORMS = ("YAML", "Markdown")
IMPORT_EXAMPLE = {
    "inventory": "cluster,namespace,name,db_host\neu-1,acme-prod,Acme Ltd.,db1.example",
    "release": "# Migrate the database\n\n```sql\nALTER TABLE …\n```",
}
IMPORT_OPEN = "Import…"
IMPORT_INVENTORY = "Import an inventory"
IMPORT_LOOK = "Preview"
IMPORT_LOOK_AGAIN = "Preview again"
IMPORT_IT = "Import"
IMPORT_READING = "Reading the file …"
IMPORT_ALL_THE_SAME = "Import all the same"
IMPORT_CANCEL = "Close"
IMPORT_NAME = "Name of the new draft"
IMPORT_PREVIEWED = "Preview of the import"
IMPORT_INVENTORY_HINT = (
    "A CSV file with the columns cluster, namespace and name, and one for each key of metadata. What is there is "
    "brought up to the file, what is new is created, and nothing is taken away. Nothing is stored before you have "
    "seen what would change."
)
IMPORT_DRAFT_HINT = (
    "A YAML file, or a Markdown runbook: headings are steps, bash and sql blocks their content. It becomes a new "
    "draft. Nothing is stored before you have seen what would change."
)
IMPORT_ARCHIVED = "This release is archived: its steps can be downloaded, not changed."
IMPORT_DOWNLOAD = {
    "inventory": "Download the inventory (CSV)",
    "yaml": "Download its steps (YAML)",
    "markdown": "Download its steps (Markdown)",
}
IMPORT_NOTHING_GIVEN = "There is nothing to import yet: choose a file, or paste its text."
IMPORT_BOTH_GIVEN = "Both a file and a pasted text are here, and only one can be imported: clear the other one."
IMPORT_WHICH_FORM = "Whether this is YAML or Markdown cannot be told: choose its format, and preview again."
IMPORT_NO_TEXT = "What was pasted holds half a character, which is no text: copy it again from its file."
IMPORT_OTHER_FILE = "The file is not the one that was previewed. Nothing was stored; this is what it would change."
IMPORT_OTHER_NAME = "The name is another one now. Nothing was stored; this is what would change under it."
IMPORT_OTHER_WORKBOOK = (
    "Somebody has changed the workbook since the preview, and the file would change something else now. "
    "Nothing was stored; look at it again."
)
IMPORT_NO_CHANGES = "There is nothing to change: the workbook says what the file says."
IMPORT_FINDINGS = "Found in the file"
IMPORT_FINDING_COLUMNS = ("Line", "Kind", "What was found")
IMPORT_CHANGES = "What would change"
IMPORT_REACHED = "Customers' steps of what is changed"
IMPORT_CHANGE_COLUMNS = ("Change", "Of what", "Detail")
IMPORT_LOOK_AT = "Look at"
IMPORT_TO_STEPS = "Look at its steps"
IMPORT_UNDO = "Undo the import"
IMPORT_TAKEN_BACK = "The import is taken back."


def import_into(name: str, status: str) -> str:
    """Say what a file does to the open release."""
    reach = " and, since it is active, of its customers" if status == "active" else ""
    return (
        f"A YAML file or a Markdown runbook brings the steps of {name}{reach} up to the file: those of the same "
        "category and name get its text, others are added, and none is taken away. Nothing is stored before you "
        "have seen what would change."
    )


def import_counted(counts: Mapping[str, int], inactive: int) -> str:
    """Give how often an import does what: 'create cluster: 2, create customer: 14, 3 of them inactive'."""
    apart = {"create customer": f", {inactive:,} of them inactive" if inactive else ""}
    return ", ".join(f"{action}: {count:,}{apart.get(action, '')}" for action, count in counts.items())


def import_would(counts: Mapping[str, int], inactive: int = 0) -> str:
    """Say what an import would do."""
    total = sum(counts.values())
    noun = "1 change" if total == 1 else f"{total:,} changes"
    return f"This would make {noun} ({import_counted(counts, inactive)}). Nothing is stored yet."


def import_stored(counts: Mapping[str, int], inactive: int = 0) -> str:
    """Say what an import has done, and how to see the customers that came in `inactive`."""
    way = " Tick “Show inactive” to see those that are inactive." if inactive else ""
    return f"The file is imported ({import_counted(counts, inactive)}).{way}"


def import_errors(count: int) -> str:
    """Say that a file has errors."""
    noun = "an error" if count == 1 else f"{count:,} errors"
    return f"The file has {noun}, so nothing of it can be imported. Put that right and preview it again."


def import_reach(name: str, added: int, updated: int) -> str:
    """Say what an import does to an active release."""
    more = f"{steps(added)} would be added for all its customers, and " if added else ""
    return f"{name} is active: {more}{steps(updated)} changed. Where one was executed or overridden, it keeps its text."


# the progress page
PROGRESS_MISSING = {
    "cluster": "The cluster that was asked for has no customer in this release.",
    "customer": "The customer that was asked for takes no part in this release, or not on this cluster.",
}
PROGRESS_NOTHING = "There is no release yet. How one goes is shown here as soon as it is active."
PROGRESS_OF_A_DRAFT = "This release is a draft: nothing has been done in it. Activate it to see how it goes."
PROGRESS_STANDING = "How it stands"
BURN_UP = "Closed over time"
BURN_UP_SAID = "Of all steps, those that were done and skipped, as the events tell it. Times are UTC."
BURN_UP_EMPTY = "Nothing has happened in this release yet."
BY_CLUSTER = "Status by cluster"
BY_CLUSTER_SAID = "The share of each status. Pick a cluster, here or in the list, to see its customers."
BY_CUSTOMER = "Its customers"
BY_CUSTOMER_PICK = "Pick a cluster above: its customers are shown here."
ITS_STEPS = "Its steps"
ITS_STEPS_PICK = "Pick a customer above: its steps are shown here."
PICK_CLUSTER = "Cluster"
PICK_CUSTOMER = "Customer"
HEAT = "The matrix in small"
STEP_TIMES = "Time per step"
STEP_TIMES_EMPTY = "No step was measured yet: that wants a step that was started, or ticked alone soon after another."
CANDIDATES = "Candidates for automation"
CANDIDATES_EMPTY = "Nothing was skipped, failed, reverted, reopened or overridden."
LEAD_TIMES = "Time per customer"
VERSIONS_DAY = "At the end of the day (UTC)"
VERSIONS_THEN = "Versions on a day"
VERSIONS_COUNTED = "Customers per version"
VERSIONS_EACH = "Version of each customer"


def more_rows(count: int) -> str:
    """Say how many rows are not drawn, and where they are."""
    return f"and {count:,} more: the analysis page has them all"


def lasted(seconds: float) -> str:
    """Give how long something took, in one unit: '45 s', '12 min', '3.4 h', '2.1 d'."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3_600:.1f} h" if seconds < 48 * 3_600 else f"{seconds / 86_400:,.1f} d"


def unit_of(seconds: float) -> tuple[float, str]:
    """Give the unit in which times up to so many seconds are drawn: its seconds and its name."""
    for size, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return size, name
    return 1, "seconds"


def standing_of(flow: Flow, *, archived: bool) -> str:
    """Say when the rest will be done at the pace so far, as roughly as it is known."""
    forecast = flow.forecast
    if not flow.burn_up or forecast.closed + forecast.open == 0:
        return "There is no step to close."
    if not forecast.open:
        return f"Everything is closed, the last at {moment(_last_closed(flow))}."
    if archived:
        return f"Archived: {left_open(forecast.open)}."
    if forecast.done_at is None or not forecast.per_hour:
        return f"{steps(forecast.open)} open. Nothing is closed yet, so there is no pace to reckon with."
    left = (forecast.done_at - forecast.at).total_seconds()
    so_far = f"At the pace so far, {_pace(forecast.per_hour)}, the rest is done {_about(left, forecast)}."
    return f"{steps(forecast.open)} open. {so_far}"


def _last_closed(flow: Flow) -> datetime:
    """When the count of closed steps last became what it is."""
    closed = flow.burn_up[-1].closed
    last = flow.burn_up[-1]
    for point in reversed(flow.burn_up):
        if point.closed != closed:
            break
        last = point
    return last.at


def _pace(per_hour: float) -> str:
    count, unit = (per_hour, "an hour") if per_hour >= 10 else (per_hour * 24, "a day")
    if count < 1:
        return "less than a step a day"
    rough = round(count, 2 - len(str(int(count)))) if count >= 100 else round(count)
    return f"about {int(rough):,} {'step' if rough == 1 else 'steps'} {unit}"


def _about(seconds: float, forecast: Forecast) -> str:
    if seconds < 5_400:
        return "in about an hour"
    if seconds < 36 * 3_600:
        return f"in about {seconds / 3_600:.0f} hours"
    if seconds > 366 * 86_400 or forecast.done_at is None:
        return "in more than a year"
    when = f"around {forecast.done_at.day} {forecast.done_at:%B %Y}"
    if seconds < 21 * 86_400:
        return f"in about {seconds / 86_400:.0f} days, {when}"
    return f"in about {seconds / 604_800:.0f} weeks, {when}"


def by_customer(cluster: str, count: int, drawn: int, *, all_drawn: bool) -> str:
    """Say which customers are shown."""
    some = "The furthest behind come first." if all_drawn else f"The chart has the {drawn:,} furthest behind."
    return f"{customers(count)} on {cluster}. {some} Pick one to see its steps."


def steps_of(name: str, count: int) -> str:
    """Say whose steps are listed."""
    return f"{name}: {steps(count)}, in order."


def heat(rows: int, columns: int, most: int) -> str:
    """Say what a cell of the small matrix stands for."""
    what = f"{steps(rows)} down, {customers(columns)} across, by cluster; those on hold are in it too."
    if most == 1:
        return f"{what} Each cell is one step in the colour of its status; ✕ failed, ↺ reverted."
    return (
        f"{what} Each cell stands for the step at up to {most:,} customers of one cluster: "
        "the darker, the more of them closed it; ✕ somebody's failed, ↺ somebody's reverted."
    )


def step_times(measured: int, drawn: int) -> str:
    """Say which steps' times are shown."""
    some = f"The chart has the {drawn:,} slowest." if drawn < measured else "The slowest come first."
    return f"From start to done; where a step was ticked without a start, since its operator's last tick. {some}"


def candidates(drawn: int, count: int) -> str:
    """Say what makes a step a candidate for automation."""
    some = f" The chart has the first {drawn:,}." if drawn < count else ""
    return f"How often a step was skipped, failed, was reverted, reopened or overridden; undone is not counted.{some}"


def lead_times_empty(members: int) -> str:
    """Say that no customer is complete yet."""
    return f"None of {customers(members)} is complete yet." if members else RELEASE_WITHOUT_CUSTOMERS


def lead_times_each(count: int) -> str:
    """Say what a dot is."""
    return f"From when a customer got its steps until the last open one closed. One dot is one of {count:,} complete."


def lead_times_clusters(count: int) -> str:
    """Say what a bar is."""
    return f"From when a customer got its steps until the last open one closed; {count:,} complete, by cluster."


def versions_at(when: str, count: int) -> str:
    """Say when versions are told for."""
    return f"What each of {customers(count)} had completed last by {when}."


# the analysis page
ANALYSIS_QUERY = "Your query (DuckDB's SQL, one SELECT)"
ANALYSIS_HINT = (
    "It reads the tables listed here and changes nothing. The address holds the query: send it to a colleague."
)
ANALYSIS_NOT_ASKED = "Press Run: the answer appears here."
ANALYSIS_NO_FILES = "Too large for a download here; the command line has it: relorch sql --csv."
ANALYSIS_ANSWER = "Answer"
ANALYSIS_TABLES = "Tables and columns"
CHART_KIND = "Chart"
CHART_COLOUR = "colour"
READY_MADE = "Ready-made questions"
QUESTIONS = {
    "troublesome_steps": "Which steps fail, are skipped or reverted most?",
    "who_did_what": "Who did what in the last seven days?",
    "behind_their_cluster": "Which customers are behind the median of their cluster?",
    "overridden_texts": "Which texts were overridden?",
    "slowest_customers": "Which customers took longest?",
    "versions_per_cluster": "Which versions run on which cluster?",
    "notes_that_mention": "Which notes and reasons mention “restart”?",
    "begun_and_not_finished": "What was begun and not finished, and by whom?",
}
TO_EDITOR = "Open in the editor"


def answered(rows: int, shown: int, columns: int, most: int, seconds: float) -> str:
    """Say how large an answer is, how much of it is shown, and how long it took."""
    took = f"in {seconds:.1f} s" if seconds >= 0.1 else f"in {seconds * 1000:.0f} ms"
    what = f"{rows:,} {'row' if rows == 1 else 'rows'} {took}."
    if shown < rows:
        what += f" The first {shown:,} are shown, the files have all."
    if columns > most:
        what += f" The first {most} of {columns:,} columns are shown, the files have all."
    return what


def cut(text: str, length: int) -> str:
    """Give the beginning of a long text, and how long it is."""
    return f"{text}… ({length:,} characters)"


def chart_of(y: str, x: str, drawn: int, rows: int) -> str:
    """Say what a chart shows."""
    some = f" of the first {drawn:,} of {rows:,} rows" if drawn < rows else ""
    return f"{visible(y)} by {visible(x)}{some}. Times are UTC."


# the report page
REPORT_RELEASE = "Release"
REPORT_CUSTOMER = "About"
REPORT_WHOLE = "The whole release"
REPORT_FILE = {"html": "HTML, to print or keep", "json": "JSON", "csv": "CSV, a row a step"}
REPORT_AGAIN = "Make it anew"
REPORT_PREVIEW = "The report as its file looks"
REPORT_CHANGED = "The workbook was changed since; make it anew to see that."
REPORT_NONE = "There is no release yet, so there is nothing to report."
REPORT_TO_RELEASE = "Open the release"
REPORT_NO_MEMBER = "The customer that was asked for takes no part in this release; this is the whole release."


def report_made(at: datetime, event: int) -> str:
    """Say of when a report is."""
    return f"Made {moment(at)}, from the record up to event {event:,}."


def report_masked(secrets: int, places: int) -> str:
    """Say how much of a report is masked."""
    many = "1 text that looks like a secret was" if secrets == 1 else f"{secrets:,} texts that look like secrets were"
    return f"{many} masked, in {places:,} {'place' if places == 1 else 'places'}; look for others yourself."
