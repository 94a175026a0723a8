// One verb for all selected steps: what would become of it comes first, then one button, then what was stored.

/** All the words on the screen. */
const BULK = {
  region: "Selected steps",
  selected: (extent) => `${extent} selected`,
  clear: "Clear",
  verbs: {
    mark_done: "Mark done", start: "Start", fail: "Fail", skip: "Skip", revert: "Revert", reopen: "Reopen",
  },
  keys: { mark_done: "d", start: "b", fail: "f", skip: "s", revert: "r", reopen: "o" },
  title: {
    mark_done: "Mark the selected steps done", start: "Start the selected steps", fail: "Record the selected steps as failed",
    skip: "Skip the selected steps", revert: "Record the selected steps as reverted", reopen: "Reopen the selected steps",
  },
  will: {
    mark_done: "will be marked done", start: "will be started", fail: "will be recorded as failed", skip: "will be skipped",
    revert: "will be recorded as reverted", reopen: "will be reopened",
  },
  did: {
    mark_done: "marked done", start: "started", fail: "recorded as failed", skip: "skipped",
    revert: "recorded as reverted", reopen: "reopened",
  },
  submit: {
    mark_done: (n) => `Mark ${n} done`, start: (n) => `Start ${n}`, fail: (n) => `Mark ${n} failed`,
    skip: (n) => `Skip ${n}`, revert: (n) => `Mark ${n} reverted`, reopen: (n) => `Reopen ${n}`,
  },
  field: {
    mark_done: "Note", start: "Note", fail: "Reason", skip: "Reason", revert: "Reason", reopen: "Reason",
  },
  required: "required, the same for all",
  optional: "optional, the same for all",
  missing: "Say why, in a few words.",
  cancel: "Cancel",
  asking: (n) => `Checking ${stepsWords(n)} …`,
  stillAsking: "The check is not finished yet; nothing was stored. Press again when it is.",
  tooMany: (n) => `Select at most ${figure(BULK_AT_MOST)} steps at once; ${figure(n)} are selected.`,
  none: "None of them can be changed this way.",
  refused: (n) => `${figure(n)} refused`,
  list: (n) => (n === 1 ? "Show the one refused" : `Show the ${figure(n)} refused`),
  more: (n) => `and ${figure(n)} more`,
  claimed: (claims) => claims.map(([who, ids]) => `${figure(ids.length)} ${ids.length === 1 ? "is" : "are"} in progress by ${who}`).join(", "),
  include: "include them",
  saving: (n) => `Saving ${stepsWords(n)} …`,
  stored: "Stored.",
  nothing: "Nothing was changed",
  notChanged: "Refused.",
  notSaved: "Not saved.",
  noAnswer: "No answer yet: not known to be saved. Press again: what was saved already is not saved twice.",
  undo: "Undo",
  undoRest: "Undo the untouched ones",
  undone: (n) => `Undone: ${stepsWords(n)} ${n === 1 ? "is as it was" : "are as they were"} before.`,
  undoneLeft: (n) => ` ${stepsWords(n)} ${n === 1 ? "was" : "were"} changed since and left alone.`,
  undoing: "Undoing …",
  dismiss: "Dismiss",
  changed: "Something was changed just now: look at the numbers again.",
};
const BULK_VERBS = Object.keys(BULK.verbs);
const REASONED = ["fail", "skip", "revert", "reopen"];
const REASON_REQUIRED = ["fail", "skip"];
/** Times in milliseconds: until a changed selection is checked, that a changed check is left to be read, and so on. */
const BULK_WAIT = { ask: 120, read: 500, answer: 10_000, perStep: 5 };
/** As many steps can be changed at once: as in bulk.py. */
const BULK_AT_MOST = 5000;
/** As many reasons are named. */
const REASONS = 4;

/**
 * The bar, the form and the answer under the grid. `on` has `subject()` (the ids and versions that are selected),
 * `place(id)` (where a step is: {step, where, namespace}), `send(message)`, `back()` (the focus) and `clear()`.
 */
class Bulk {
  constructor(on) {
    this.on = on;
    this.verb = null; // the form is open for it
    this.asked = null; // what was sent to be checked: { request, verb, ids, versions, include }
    this.checked = null; // the answer to it
    this.sent = null; // what was sent to be stored
    this.batch = null; // what can be undone: { id, request }
    this.typed = new Map(); // verb -> what was typed for it: a reason to skip is no note of what was done
    this.requests = Math.floor(Math.random() * 2 ** 40); // no other page's number, nor this page's of before a reload
    this.build();
  }
  build() {
    this.words = el("strong", { class: "ro-bulk-words" });
    this.buttons = BULK_VERBS.map((verb) => keyed(BULK.verbs[verb], BULK.keys[verb], {
      class: "ro-button", onclick: (event) => event.detail < 2 && this.open(verb),
    }));
    const clear = keyed(BULK.clear, "Esc", { class: "ro-button ro-quiet", onclick: () => this.on.clear() });
    this.bar = el("div", { class: "ro-bulk-bar", role: "toolbar", "aria-label": BULK.region }, this.words, this.buttons, clear);
    this.answer = el("div", { class: "ro-bulk-answer", hidden: true });
    this.buildForm();
    this.node = el("section", { class: "ro-bulk", "aria-label": BULK.region, hidden: true }, this.bar, this.form, this.answer);
    this.node.addEventListener("keydown", (event) => this.key(event));
  }
  buildForm() {
    this.rule = el("span", { class: "ro-rule" });
    this.label = el("span");
    this.field = el("input", {
      type: "text", class: "ro-field", autocomplete: "off", id: "ro-bulk-words", "aria-describedby": "ro-bulk-missing",
      oninput: () => this.written(), onkeydown: (event) => this.entered(event),
    });
    this.missing = el("p", { class: "ro-bad", id: "ro-bulk-missing", role: "alert", hidden: true });
    this.preview = el("div", { class: "ro-preview" });
    this.said = el("p", { role: "status" });
    this.refusedList = new RefusedList(this.on.place);
    this.claims = el("span");
    this.include = el("input", { type: "checkbox", onchange: () => this.ask() });
    this.claimed = el("p", { class: "ro-claims", hidden: true }, this.claims, " ",
      el("label", { class: "ro-check" }, this.include, BULK.include));
    this.preview.append(this.said, this.claimed, this.refusedList.node);
    this.alert = el("p", { class: "ro-bad", role: "alert", hidden: true });
    this.submit = el("button", { type: "button", class: "ro-button ro-primary", onclick: (event) => event.detail < 2 && this.confirm() });
    const cancel = keyed(BULK.cancel, "Esc", { class: "ro-button ro-quiet", onclick: () => this.close() });
    this.form = el("div", { class: "ro-bulk-form", role: "group", hidden: true },
      el("div", { class: "ro-say" },
        el("label", { for: "ro-bulk-words", class: "ro-label" }, this.label, " ", this.rule), this.field),
      this.missing,
      this.preview, this.alert, el("div", { class: "ro-row-of" }, this.submit, cancel));
  }

  // -- what is selected
  /** Show how much is selected, `extent` in words or null: nothing but one cell. */
  draw(extent) {
    write(this.words, extent ? BULK.selected(extent) : "");
    show(this.bar, Boolean(extent));
    if (!extent && this.verb) this.shut();
    this.showNode();
    if (this.verb) this.askIfChanged();
  }
  showNode() {
    show(this.node, !this.bar.hidden || !this.answer.hidden);
  }
  /** Check again when something of the selection is no longer what was checked. */
  askIfChanged() {
    const { ids, versions } = this.on.subject();
    const same = this.asked && alike(this.asked.ids, ids) && alike(this.asked.versions, versions);
    if (same || this.sent) return;
    this.again = Boolean(this.checked && alike(this.asked.ids, ids));
    this.checked = null;
    this.drawForm();
    clearTimeout(this.asking);
    this.asking = setTimeout(() => this.ask(), BULK_WAIT.ask);
  }

  // -- the form
  /** Open the form of a verb; what was typed into it before is still there. */
  open(verb) {
    if (this.sent) return;
    const other = this.verb !== verb;
    this.verb = verb;
    if (other) this.field.value = this.typed.get(verb) ?? "";
    this.say(null);
    this.lack(null);
    if (other) {
      this.include.checked = false;
      this.dismiss();
    }
    if (other || !this.checked) this.ask();
    this.drawForm();
    this.showNode();
    (REASON_REQUIRED.includes(verb) ? this.field : this.submit).focus({ preventScroll: true });
  }
  shut() {
    clearTimeout(this.asking);
    this.verb = this.asked = this.checked = null;
    this.again = false;
    this.form.hidden = true;
    this.drawButtons();
  }
  close() {
    this.shut();
    this.showNode();
    this.on.back();
  }
  key(event) {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    if (this.verb) this.close();
    else this.on.back();
  }
  entered(event) {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    if (!event.repeat) this.confirm();
  }
  written() {
    this.typed.set(this.verb, this.field.value);
    this.lack(null);
  }
  lack(text) {
    write(this.missing, text ?? "");
    show(this.missing, Boolean(text));
    this.field.setAttribute("aria-invalid", String(Boolean(text)));
  }
  say(text) {
    write(this.alert, text ?? "");
    show(this.alert, Boolean(text));
  }
  drawButtons() {
    this.buttons.forEach((button, i) => button.setAttribute("aria-expanded", String(this.verb === BULK_VERBS[i])));
  }
  drawForm() {
    const { verb, checked } = this;
    this.drawButtons();
    this.form.hidden = !verb;
    if (!verb) return;
    this.form.setAttribute("aria-label", BULK.title[verb]);
    write(this.label, BULK.field[verb]);
    const required = REASON_REQUIRED.includes(verb);
    write(this.rule, required ? BULK.required : BULK.optional);
    this.field.toggleAttribute("required", required);
    this.field.readOnly = Boolean(this.sent);
    const count = checked?.will ?? 0;
    write(this.submit, checked ? BULK.submit[verb](figure(count)) : BULK.verbs[verb]);
    this.submit.setAttribute("aria-disabled", String(!count || Boolean(this.sent)));
    this.drawPreview();
  }
  drawPreview() {
    const { checked, verb } = this;
    if (this.sent) return write(this.said, BULK.saving(this.sent.ids.length));
    if (!checked) return this.drawUnchecked();
    const will = `${figure(checked.will)} ${BULK.will[verb]}`;
    this.said.replaceChildren(el("strong", {}, checked.will ? will : BULK.none), this.refusedList.show(checked.refused),
      this.again ? el("em", {}, ` ${BULK.changed}`) : "");
    write(this.claims, `${BULK.claimed(checked.claimed)}.`);
    show(this.claimed, checked.claimed.length > 0);
  }

  drawUnchecked() {
    if (!this.tooMany) return write(this.said, BULK.asking(this.on.subject().ids.length));
    write(this.said, BULK.tooMany(this.asked.ids.length));
    this.claimed.hidden = this.refusedList.node.hidden = true;
  }

  // -- check, then store
  /** Is more selected than can be changed at once? Then nothing is asked. */
  get tooMany() {
    return (this.asked?.ids.length ?? 0) > BULK_AT_MOST;
  }
  /** Have Python say what would become of it; the button counts only for what was checked. */
  ask() {
    clearTimeout(this.asking);
    if (!this.verb || this.sent) return;
    this.checked = null;
    const request = ++this.requests;
    this.asked = { request, verb: this.verb, include: this.include.checked, ...this.on.subject() };
    const { verb, ids, versions, include } = this.asked;
    this.drawForm();
    if (this.tooMany) return;
    this.on.send({ type: "preview", request, verb, ids, versions, include }, () => this.lost(request));
  }
  confirm() {
    if (this.sent || this.tooMany) return;
    const { checked, asked, verb } = this;
    const required = REASON_REQUIRED.includes(verb) && !this.field.value.trim();
    if (required) {
      this.lack(BULK.missing);
      return this.field.focus();
    }
    if (!checked || performance.now() < this.readUntil) return this.say(BULK.stillAsking);
    if (!checked.will) return;
    this.say(null);
    const apart = new Set(asked.include ? [] : checked.claimed.flatMap(([, ids]) => ids));
    const kept = asked.ids.map((id) => !apart.has(id));
    const [ids, versions] = [asked.ids, asked.versions].map((list) => list.filter((_, i) => kept[i]));
    const typed = this.field.value.trim() || null;
    const words = REASONED.includes(verb) ? { reason: typed, note: null } : { reason: null, note: typed };
    // the number of the check: however often it is sent, it is stored once
    this.sent = { type: "do", request: asked.request, verb, ids, versions, ...words };
    this.drawForm();
    this.waitFor(ids.length, () => this.unanswered());
    this.on.send(this.sent, () => this.unanswered());
  }
  waitFor(count, late) {
    clearTimeout(this.late);
    this.late = setTimeout(late, BULK_WAIT.answer + count * BULK_WAIT.perStep);
  }
  unanswered() {
    if (!this.sent) return;
    this.sent = null;
    this.drawForm();
    this.say(BULK.noAnswer);
  }
  lost(request) {
    if (request === this.asked?.request) this.say(BULK.noAnswer);
  }

  // -- what comes back
  receive(message) {
    const does = {
      previewed: () => this.previewed(message),
      applied: () => this.applied(message),
      undone: () => this.undone(message),
      refused: () => this.failed(message, BULK.notChanged),
      not_saved: () => this.failed(message, BULK.notSaved),
    };
    if (Object.hasOwn(does, message?.type ?? "")) does[message.type]();
  }
  previewed(message) {
    if (message.request !== this.asked?.request || !this.verb) return;
    this.checked = message;
    this.readUntil = this.again ? performance.now() + BULK_WAIT.read : 0;
    this.drawForm();
  }
  applied(message) {
    if (message.request !== this.sent?.request && message.request !== this.asked?.request) return;
    clearTimeout(this.late);
    const { verb } = message;
    const inside = this.form.contains(this.form.getRootNode().activeElement);
    this.sent = null;
    this.typed.clear();
    this.field.value = "";
    this.shut();
    this.batch = message.batch === null ? null : { id: message.batch, request: ++this.requests };
    const did = message.count ? `${stepsWords(message.count)} ${BULK.did[verb]}` : BULK.nothing;
    const refused = new RefusedList(this.on.place);
    const summary = refused.show(message.refused);
    this.tell([el("strong", {}, message.count ? BULK.stored : BULK.notChanged), " ", did, summary], refused.node);
    if (inside) this.on.back();
  }
  failed(message, title) {
    const text = `${title} ${message.message}`;
    if (message.request === this.batch?.request) return this.notUndone(message, text);
    if (message.request !== this.sent?.request && message.request !== this.asked?.request) return;
    clearTimeout(this.late);
    this.sent = null;
    this.drawForm();
    if (!this.checked) write(this.said, "");
    this.say(text);
  }

  // -- the answer and its undo
  tell(parts, more = null, role = "status") {
    const undo = this.batch && el("button", {
      type: "button", class: "ro-button", onclick: (event) => event.detail < 2 && this.undo(false),
    }, BULK.undo);
    this.tools = el("span", { class: "ro-row-of" }, undo,
      el("button", { type: "button", class: "ro-button ro-quiet", onclick: () => this.dismissed() }, BULK.dismiss));
    this.outcome = el("p", { role });
    this.answer.replaceChildren(el("div", { class: "ro-answer-line" }, this.outcome, this.tools), more ?? "");
    this.answer.hidden = false;
    this.answer.classList.toggle("ro-bad", role === "alert");
    this.showNode();
    this.outcome.replaceChildren(...parts);
  }
  dismiss() {
    this.answer.hidden = true;
    this.batch = null;
    this.showNode();
  }
  dismissed() {
    this.dismiss();
    this.on.back();
  }
  undo(skipTouched) {
    const { id, request, busy } = this.batch ?? {};
    if (!id || busy) return;
    this.batch.busy = true;
    for (const button of this.tools.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
    write(this.outcome, BULK.undoing);
    this.on.send({ type: "undo", request, batch: id, skip_touched: skipTouched }, () => this.failed(
      { request, message: BULK.noAnswer }, BULK.notSaved));
  }
  undone({ request, count, left }) {
    if (request !== this.batch?.request) return;
    const inside = this.answer.contains(this.answer.getRootNode().activeElement);
    this.batch = null;
    this.tell([el("strong", {}, BULK.stored), " ", BULK.undone(count), left ? BULK.undoneLeft(left) : ""]);
    if (inside) this.on.back();
  }
  /** Why it was not undone; where others changed only some of it, the rest may still be taken back. */
  notUndone(message, text) {
    const { id } = this.batch;
    this.batch = null;
    this.tell([text], null, "alert");
    if (!message.again && !message.touched) return;
    this.batch = { id, request: ++this.requests };
    const words = message.touched ? BULK.undoRest : BULK.undo;
    this.tools.prepend(el("button", {
      type: "button", class: "ro-button", onclick: (event) => event.detail < 2 && this.undo(Boolean(message.touched)),
    }, words));
  }
}

/** What was refused of a list: the reasons in one line, and every step under it. */
class RefusedList {
  constructor(place) {
    this.place = place;
    this.summary = el("summary");
    this.items = el("ul", { tabindex: "0", "aria-label": "Refused steps" });
    this.node = el("details", { class: "ro-refused", hidden: true }, this.summary, this.items);
  }
  /**
   * List what was refused: `{count, reasons: [[why, count, some ids]], steps: [[id, message]]}`, of many only some
   * steps; gives the reasons in words.
   */
  show({ count, reasons, steps }) {
    this.node.hidden = count === 0;
    if (!count) return "";
    write(this.summary, BULK.list(count));
    const more = count > steps.length ? [el("li", {}, BULK.more(count - steps.length))] : [];
    this.items.replaceChildren(...steps.map(([id, message]) => this.item(id, message)), ...more);
    return ` · ${BULK.refused(count)}: ${this.reasons(reasons)}`;
  }
  item(id, message) {
    const { step, where } = this.place(id) ?? { step: `step ${id}`, where: "" };
    return el("li", {}, el("b", {}, where), el("span", {}, step), el("span", {}, message));
  }
  reasons(reasons) {
    const words = reasons.map(([why, count, ids]) => `${why}${this.forWhom(count, ids)} (${figure(count)})`);
    const more = words.length > REASONS ? [BULK.more(words.length - REASONS)] : [];
    return [...words.slice(0, REASONS), ...more].join(", ");
  }
  /** " for acme-prod", where it is one customer only. */
  forWhom(count, ids) {
    const names = new Set(ids.map((id) => this.place(id)?.namespace));
    const [name] = names;
    return count === ids.length && names.size === 1 && name ? ` for ${name}` : "";
  }
}

/** Whether two lists of numbers hold the same. */
function alike(one, other) {
  return one.length === other.length && one.every((each, i) => each === other[i]);
}

/** A button with its key beside the word. */
function keyed(word, key, props) {
  return el("button", { type: "button", "aria-keyshortcuts": key, ...props }, el("span", {}, word), el("kbd", { "aria-hidden": "true" }, key));
}
