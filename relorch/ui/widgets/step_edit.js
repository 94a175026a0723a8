// Writing in the step panel: a customer's own text, a custom step, a new one beside this. What is typed belongs to the
// step it was typed for and stays until it is stored or given up; `StepEditing` is a part of the panel in step.js.

/** The words of the editor. */
const EDIT_WORDS = {
  tools: {
    override: "Override for this customer", again: "Edit the override", update: "Edit", reset: "Reset to the template",
    delete: "Delete", take_template: "Reopen with the current template text", add: "Add a custom step",
  },
  ask: {
    reset: "Give up this customer's own text?", delete: "Delete this step?",
    cancel: "Give up what you typed?", theirs: "Give up what you typed?",
  },
  title: { override: "Override for this customer", custom: "Edit the custom step", add: "Add a custom step" },
  about: {
    override: (who) => `Only ${who} gets this text; changes of the template do not reach it any more.`,
    custom: (who) => `A step of ${who} only.`,
    add: (who) => `Beside the steps that ${who} gets from the release.`,
  },
  name: "Name",
  kind: "Type",
  kinds: { bash: "bash", sql: "SQL", text: "text" },
  category: "Category",
  categories: { deploy: "deploy", verify: "verify" },
  place: "Position",
  places: { after: "after this step", before: "before this step", end: "at the end" },
  content: "Content",
  contentHow: "Tab writes a tab; Escape, then Tab leaves",
  leaving: "Tab leaves the field now.",
  share: "Add to the template, for every customer of this release",
  reach: {
    one: (who) => `Only ${who} gets this step.`,
    all: (n, bad) => `${n === 1 ? "The one customer" : `All ${count(n, "customer")}`} of this release ${n === 1 ? "gets" : "get"} this step` +
      (bad ? `; for ${bad.toLocaleString("en")} of them it cannot render.` : "."),
    would: (n) => `Ticked: ${n === 1 ? "the one customer" : `all ${count(n, "customer")}`} of this release.`,
    unknown: "Every customer of this release gets this step.",
  },
  save: { override: "Save for this customer", custom: "Save the step", add: "Add the step", shared: "Add it for every customer" },
  cancel: "Cancel",
  lacks: { name: "Give the step a name.", content: "Write what is to be done.", same: "Nothing was changed yet." },
  diff: {
    override: "Changes to the template's text", custom: "Changes to the stored text", none: "no difference",
    overridden: "Differs from the template's text", behind: "The template's text now, and this one",
    same: "The same text as the template's now",
  },
  counts: (plus, minus) => `+${plus.toLocaleString("en")} −${minus.toLocaleString("en")}`,
  preview: (step) => `Preview for ${step.customer.name} (${step.cluster.name}/${step.customer.namespace})`,
  previewLabel: "Preview of what you are writing",
  diffLabel: "Changes, line by line",
  cannotRender: "This text cannot render for this customer",
  stale: "This step was changed while you were writing. Nothing of yours is stored.",
  staleBy: (who, what, when) => `${who} ${what} while you were writing, ${when}. Nothing of yours is stored.`,
  notPending: (status) => `It is ${status} now, and only a pending step can be changed: reopen it first. What you typed stays here.`,
  decide: "Saving is off: first decide above what becomes of the other change.",
  there: "There now",
  keepMine: "Go on with mine",
  takeTheirs: "Take what is there now",
  first: "A text is being edited here: save it or cancel first.",
  stays: (place) => `What you are writing stays with ${place}.`,
  goneTyped: "This step was deleted.",
};

/** How long the hand rests, in milliseconds, before what was typed is looked at. */
const CHECK_REST = 300;
const DIFF_CLASS = { "+": "ro-plus", "-": "ro-minus", "@": "ro-gap", " ": null };
let fields = 0;

// ---------------------------------------------------------------- parts

/** A foldable block of lines that differ: what is added, what is taken away, with the signs as text. */
function diffArea() {
  const title = el("span", {});
  const counts = el("span", { class: "ro-counts" });
  const code = codeBlock(EDIT_WORDS.diffLabel);
  const frame = el("div", { class: "ro-frame ro-small-frame" }, code.node);
  const node = el("details", { class: "ro-fold", hidden: true }, el("summary", {}, title, " ", counts), frame);
  let shown = null;
  const show = (diff, words) => {
    node.hidden = !diff;
    if (!diff) return;
    say(title, words);
    const tally = (sign) => diff.filter((line) => line[0] === sign).length;
    say(counts, diff.length ? EDIT_WORDS.counts(tally("+"), tally("-")) : EDIT_WORDS.diff.none);
    frame.hidden = diff.length === 0;
    const key = JSON.stringify(diff);
    if (key === shown) return;
    shown = key;
    const lines = diff.map(([sign, pieces]) => Object.assign([["", `${sign} `, null], ...pieces], { kind: DIFF_CLASS[sign] }));
    code.show(lines, lines.map((line) => line.map((token) => token[1]).join("")).join("\n"), false);
  };
  return { node, show, close: code.close };
}

/** What is being written as it would be run for this customer, or why it would not. */
function previewArea() {
  const title = el("span", {});
  const problems = el("div", { class: "ro-problem-room" });
  const warnings = el("div", { class: "ro-warnings" });
  const refused = el("p", { class: "ro-missing", hidden: true });
  const code = codeBlock(EDIT_WORDS.previewLabel);
  const frame = el("div", { class: "ro-frame ro-small-frame" }, warnings, code.node);
  const node = el("details", { class: "ro-fold", open: true }, el("summary", {}, title), refused, problems, frame);
  const show = (preview, why) => {
    say(refused, why);
    frame.hidden = problems.hidden = !preview;
    if (!preview) return;
    const bad = preview.problems.length > 0;
    problems.hidden = !bad;
    problems.replaceChildren(...(bad ? [el("div", { class: "ro-problems" }, el("strong", {}, EDIT_WORDS.cannotRender),
      el("ul", {}, ...preview.problems.map(problemNode)))] : []));
    warnings.replaceChildren(...warningsOf(preview).map(([kind, words]) => el("p", { class: kind }, words)));
    const text = preview.text ?? preview.source_text;
    code.show(linesOf(text, preview.lines), preview.text, false);
  };
  return { node, show, title: (text) => say(title, text), close: code.close };
}

function labelled(label, control, rule) {
  control.id ||= `ro-field-${++fields}`;
  const words = el("label", { for: control.id, class: "ro-label" }, label, rule ? " " : null);
  if (rule) words.append(el("span", { class: "ro-rule" }, rule));
  return el("div", { class: "ro-entry" }, words, control);
}

function chooser(options) {
  return el("select", { class: "ro-field" },
    ...Object.entries(options).map(([value, label]) => el("option", { value }, label)));
}

/** A button that asks once, in its own place: the second press, a moment later, does the work. */
function askingButton(label, question, work, props = {}) {
  let askedAt = 0;
  const calm = () => {
    askedAt = 0;
    button.relabel(label);
    button.classList.remove("ro-armed");
  };
  const press = (event) => {
    if (event.detail > 1 || isOff(button)) return;
    if (askedAt && performance.now() - askedAt >= WAIT.confirm) {
      calm();
      return work();
    }
    askedAt ||= performance.now();
    button.relabel(question);
    button.classList.add("ro-armed");
    button.focus({ preventScroll: true });
  };
  const button = keyButton(label, null, { class: "ro-button ro-tool", ...props, onclick: press, onblur: calm });
  return Object.assign(button, { calm, asks: () => askedAt > 0 });
}

/** A field for code: Tab writes a tab until Escape was pressed; `on` has `typed()`, `leaving()`, `escape()`. */
function codeField(on) {
  const field = el("textarea", { class: "ro-field ro-script", rows: "10", spellcheck: "false", wrap: "off",
    autocapitalize: "off", autocomplete: "off", oninput: () => on.typed() });
  let leaves = false;
  const tab = (event) => {
    if (leaves || event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    // with insertText the browser's own undo takes the tab back too
    if (!document.execCommand("insertText", false, "\t")) {
      field.setRangeText("\t", field.selectionStart, field.selectionEnd, "end");
      on.typed();
    }
  };
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Tab") return tab(event);
    if (event.key !== "Escape") return void (leaves = false);
    event.preventDefault();
    event.stopPropagation();
    if (leaves) return on.escape();
    leaves = true;
    on.leaving();
  });
  field.addEventListener("blur", () => (leaves = false));
  return field;
}

/** Somebody changed the step meanwhile: what is there now, beside what was typed. `on` has `keep()`, `take()`. */
function staleArea(on) {
  const why = el("p", {});
  const code = codeBlock(EDIT_WORDS.there);
  const keep = el("button", { type: "button", class: "ro-button ro-tool", onclick: () => on.keep() }, EDIT_WORDS.keepMine);
  const take = askingButton(EDIT_WORDS.takeTheirs, EDIT_WORDS.ask.theirs, () => on.take());
  const name = el("p", { class: "ro-there" });
  const node = el("div", { class: "ro-stale", hidden: true }, el("div", { role: "alert" }, why),
    el("p", { class: "ro-label" }, EDIT_WORDS.there), name,
    el("div", { class: "ro-frame ro-small-frame" }, code.node), el("div", { class: "ro-row" }, keep, take));
  const show = (words, step, possible) => {
    node.hidden = !words;
    if (!words) return;
    say(why, words);
    say(name, `${step.name} · ${EDIT_WORDS.kinds[step.type]} · ${STATUS_LABEL[step.status]}`);
    code.show(plainLines(step.source_text), step.source_text, false);
    keep.hidden = take.hidden = !possible;
  };
  return { node, show, close: code.close };
}

/** The fields of the editor; `on` has `typed()`, `leaving()`, `escape()`. */
function editFields(on) {
  const typed = () => on.typed();
  const name = el("input", { type: "text", class: "ro-field", autocomplete: "off", oninput: typed });
  const kind = chooser(EDIT_WORDS.kinds);
  const category = chooser(EDIT_WORDS.categories);
  const place = chooser(EDIT_WORDS.places);
  const share = el("input", { type: "checkbox", id: `ro-field-${++fields}` });
  const content = codeField(on);
  const reach = el("p", { class: "ro-reach", role: "status" });
  for (const control of [kind, category, place, share]) control.addEventListener("change", typed);
  const rows = {
    name: labelled(EDIT_WORDS.name, name),
    kind: labelled(EDIT_WORDS.kind, kind),
    category: labelled(EDIT_WORDS.category, category),
    place: labelled(EDIT_WORDS.place, place),
    content: labelled(EDIT_WORDS.content, content, EDIT_WORDS.contentHow),
    share: el("div", { class: "ro-entry" },
      el("label", { class: "ro-check", for: share.id }, share, " ", EDIT_WORDS.share), reach),
  };
  return { name, kind, category, place, share, content, reach, rows };
}

/** Which fields each kind of writing has. */
const EDIT_FIELDS = {
  override: ["content"],
  custom: ["name", "kind", "content"],
  add: ["name", "kind", "category", "place", "content", "share"],
};

// ---------------------------------------------------------------- the editor

/** The editor of the panel with the buttons that open it. What is typed is kept in the panel's drafts. */
class StepEditing {
  constructor(panel) {
    this.panel = panel;
    this.checking = 0; // the request whose answer is shown
    this.reachOf = null; // { customers, cannot_render } of the release
    this.filled = null; // the draft that is in the fields
    this.buildTools();
    this.buildEditor();
  }

  buildTools() {
    const { tools, ask } = EDIT_WORDS;
    const opener = (mode) => (event) => event.detail < 2 && this.open(mode, event.detail === 0);
    this.buttons = {
      override: keyButton(tools.override, "e", { class: "ro-button ro-tool", onclick: opener("override") }),
      update: keyButton(tools.update, "e", { class: "ro-button ro-tool", onclick: opener("custom") }),
      reset: askingButton(tools.reset, ask.reset, () => this.write("reset")),
      delete: askingButton(tools.delete, ask.delete, () => this.write("delete")),
      take_template: keyButton(tools.take_template, null, { class: "ro-button ro-tool",
        onclick: (event) => event.detail < 2 && this.panel.openReason("reopen", event.detail === 0, true) }),
      add: keyButton(tools.add, "a", { class: "ro-button ro-tool", onclick: opener("add") }),
    };
    this.tools = el("div", { class: "ro-row ro-tools-row ro-fades" }, ...Object.values(this.buttons));
  }

  buildEditor() {
    this.title = el("h3", {});
    this.about = el("p", { class: "ro-muted" });
    this.fields = editFields({
      typed: () => this.typed(),
      leaving: () => this.panel.notices.tell(EDIT_WORDS.leaving),
      escape: () => this.closeUntouched() || this.panel.channel.say({ type: "focus-matrix" }),
    });
    this.stale = staleArea({ keep: () => this.rebase(), take: () => this.takeTheirs() });
    this.difference = diffArea();
    this.difference.node.open = true;
    this.preview = previewArea();
    const { rows } = this.fields;
    rows.place.classList.add("ro-wide");
    const short = el("div", { class: "ro-entries" }, rows.kind, rows.category, rows.place);
    this.node = el("section", { class: "ro-editor", hidden: true }, this.title, this.about, rows.name, short,
      el("div", { class: "ro-beside" }, rows.content, this.stale.node), rows.share, this.difference.node, this.preview.node);
    this.lacking = el("p", { class: "ro-missing", role: "alert", hidden: true });
    this.saveButton = keyButton("", "Ctrl+Enter", { class: "ro-button ro-submit", onclick: (event) => event.detail < 2 && this.save() });
    this.cancelButton = askingButton(EDIT_WORDS.cancel, EDIT_WORDS.ask.cancel, () => this.close(), { class: "ro-button ro-quiet" });
    this.cancelButton.addEventListener("click", (event) => this.cancelClicked(event), { capture: true });
    this.blocked = el("p", { class: "ro-missing", hidden: true });
    this.bar = el("div", { class: "ro-edit-bar", hidden: true }, this.lacking, this.blocked,
      el("div", { class: "ro-row" }, this.saveButton, this.cancelButton));
    this.node.addEventListener("keydown", (event) => this.key(event));
  }

  closeAll() {
    for (const part of [this.stale, this.difference, this.preview]) part.close();
    clearTimeout(this.resting);
  }

  /** What is being written for the selected step, if anything. */
  get edit() {
    return this.panel.draft().edit ?? null;
  }

  // ------------------------------------------------------------ opening and closing

  /** Open the editor; gives back the words why not. */
  open(mode, byKey) {
    const step = this.panel.ready;
    if (!step) return WORDS.loading;
    if (this.panel.busy(step.id)) return void this.panel.notices.tell(WORDS.stillSaving);
    if (this.edit && this.edit.mode !== mode) return void this.panel.notices.tell(EDIT_WORDS.first);
    if (!this.edit) this.panel.keepDraft({ edit: { ...this.fresh(step, mode), byKey }, form: null });
    this.panel.disarm();
    this.panel.notices.tell(null);
    this.panel.showActions();
    const first = mode === "override" ? this.fields.content : this.fields.name;
    first.focus({ preventScroll: true });
    if (mode === "override") first.setSelectionRange(0, 0);
    this.panel.body.scrollTop = this.node.offsetTop - 8;
    return null;
  }

  fresh(step, mode) {
    const { row_version: version, type: kind, category } = step;
    const stored = { name: step.plain_name, kind, content: step.source_text };
    const empty = { name: "", kind, content: "" };
    const start = mode === "add" ? empty : stored;
    return { mode, version, base: { ...start, status: step.status }, ...start, category, place: "after", share: false };
  }

  /** By key: which editor `e` opens here. */
  openByKey(verb, byKey) {
    const { edits } = this.panel.ready;
    const mode = verb === "add" ? edits.includes("add") && "add"
      : edits.includes("override") ? "override" : edits.includes("update") && "custom";
    if (!mode) return this.whyNot(verb);
    return this.open(mode, byKey) ?? null;
  }

  whyNot(verb) {
    const step = this.panel.ready;
    return verb === "add" ? WORDS.noAdding : WORDS.noEditing(STATUS_LABEL[step.status]);
  }

  close(toMatrix = this.edit?.byKey) {
    this.panel.keepDraft({ edit: null });
    this.show(this.panel.ready);
    this.panel.showActions();
    this.panel.panel.focus({ preventScroll: true });
    if (toMatrix) this.panel.channel.say({ type: "focus-matrix" });
  }

  /** Escape, where nothing was typed: the keys are for the step again. Gives back whether it closed. */
  closeUntouched() {
    if (!this.edit || this.isDirty(this.edit)) return false;
    this.panel.notices.tell(null);
    this.close(true);
    return true;
  }

  /** Nothing was typed: nothing to ask. */
  cancelClicked(event) {
    if (this.isDirty(this.edit)) return;
    event.stopImmediatePropagation();
    this.close();
  }

  isDirty(edit) {
    return Boolean(edit && ["name", "kind", "content"].some((name) => edit[name] !== edit.base[name]));
  }

  key(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) {
      this.panel.taken(event, () => this.save());
    } else if (event.key === "Enter" && event.target === this.fields.name) {
      this.panel.taken(event, () => this.fields.content.focus());
    }
  }

  /** A button that asks takes it back. Gives back whether one did. */
  calm() {
    const asking = [this.buttons.reset, this.buttons.delete, this.cancelButton].filter((button) => button.asks());
    asking.forEach((button) => button.calm());
    return asking.length > 0;
  }

  // ------------------------------------------------------------ drawing

  show(step) {
    const edit = step ? this.edit : null;
    this.panel.panel.classList.toggle("ro-editing", Boolean(edit));
    this.node.hidden = this.bar.hidden = !edit;
    if (step) this.showTools(step);
    if (!edit) return void (this.filled = null);
    this.rebaseSilently(step, edit);
    if (this.filled !== step.id) this.fill(step, this.edit);
    this.draw(step, this.edit);
  }

  showTools(step) {
    for (const [name, button] of Object.entries(this.buttons)) button.hidden = !step.edits.includes(name);
    if (this.buttons.reset.asks() || this.buttons.delete.asks()) this.calm();
    this.buttons.override.relabel(EDIT_WORDS.tools[step.source.kind === "overridden" ? "again" : "override"]);
    const off = !this.panel.ready || this.panel.busy(step.id);
    Object.values(this.buttons).forEach((button) => turnOff(button, off));
    this.tools.hidden = step.edits.length === 0;
  }

  /** Put the draft into the fields: once per step, so that the hand at the keyboard is never overtaken. */
  fill(step, edit) {
    this.filled = step.id;
    const { fields } = this;
    for (const name of ["name", "kind", "category", "place", "content"]) fields[name].value = edit[name];
    fields.share.checked = edit.share;
    for (const [name, row] of Object.entries(fields.rows)) row.hidden = !EDIT_FIELDS[edit.mode].includes(name);
    this.difference.show(null);
    this.preview.show(null, null);
    this.lack(null);
    this.check();
  }

  draw(step, edit) {
    const { mode } = edit;
    const who = step.customer.name;
    say(this.title, EDIT_WORDS.title[mode]);
    this.node.setAttribute("aria-label", EDIT_WORDS.title[mode]);
    say(this.about, EDIT_WORDS.about[mode](who));
    this.preview.title(EDIT_WORDS.preview(step));
    this.saveButton.relabel(EDIT_WORDS.save[edit.share ? "shared" : mode]);
    const elsewhere = edit.category !== step.category;
    for (const option of this.fields.place.options) option.disabled = elsewhere && option.value !== "end";
    this.drawReach(who, edit);
    const stale = this.staleWords(step, edit);
    this.stale.show(stale, step, step.status === "pending");
    say(this.blocked, stale && EDIT_WORDS.decide);
    turnOff(this.saveButton, Boolean(stale) || !this.panel.ready || this.panel.busy(step.id));
  }

  drawReach(who, edit) {
    const { one, would, all, unknown } = EDIT_WORDS.reach;
    const reach = this.reachOf;
    const many = reach ? all(reach.customers, reach.cannot_render) : unknown;
    say(this.fields.reach, edit.share ? many : `${one(who)}${reach ? ` ${would(reach.customers)}` : ""}`);
  }

  lack(text) {
    say(this.lacking, text);
  }

  // ------------------------------------------------------------ somebody else was here

  differs(step, edit) {
    const { base } = edit;
    return base.content !== step.source_text || base.name !== step.plain_name || base.kind !== step.type || base.status !== step.status;
  }

  /** A change of the step that the editor does not show is none to ask about. */
  rebaseSilently(step, edit) {
    if (edit.mode === "add" || edit.version === step.row_version || this.differs(step, edit)) return;
    this.panel.keepDraft({ edit: { ...edit, version: step.row_version } });
  }

  staleWords(step, edit) {
    if (edit.mode === "add" || edit.version === step.row_version) return null;
    const last = step.history.at(-1);
    const who = last ? EDIT_WORDS.staleBy(last.operator, actionWords(last.action), last.at) : EDIT_WORDS.stale;
    return step.status === "pending" ? who : `${who} ${EDIT_WORDS.notPending(STATUS_LABEL[step.status])}`;
  }

  /** Go on from what is there now, with what was typed; nothing is stored before Save. */
  rebase(more = {}) {
    const step = this.panel.ready;
    if (!step || !this.edit) return;
    const base = { name: step.plain_name, kind: step.type, content: step.source_text, status: step.status };
    this.panel.keepDraft({ edit: { ...this.edit, version: step.row_version, base, ...more } });
    this.panel.settle(step.id);
    this.show(step);
    this.fields.content.focus({ preventScroll: true });
  }

  takeTheirs() {
    const step = this.panel.ready;
    this.filled = null;
    this.rebase({ name: step.plain_name, kind: step.type, content: step.source_text });
  }

  // ------------------------------------------------------------ typing and looking at it

  typed() {
    const { edit, fields } = this;
    const step = this.panel.ready ?? this.panel.detail;
    if (!edit || !step) return;
    if (fields.category.value !== step.category) fields.place.value = "end";
    const read = { name: fields.name.value, kind: fields.kind.value, category: fields.category.value,
      place: fields.place.value, content: fields.content.value, share: fields.share.checked };
    const shown = edit.mode === "override" ? { content: read.content } : read;
    this.panel.keepDraft({ edit: { ...edit, ...shown } });
    this.lack(null);
    this.draw(step, this.edit);
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.check(), CHECK_REST);
  }

  check() {
    const { edit, panel } = this;
    clearTimeout(this.resting);
    if (!edit) return;
    this.checking = ++panel.requests;
    const { mode, kind, content, name, category, share } = edit;
    panel.send({ type: "check", request: this.checking, id: panel.selected, of: mode, kind, content, name, category, share }, () => {});
  }

  checked({ request, diff, preview, refused, reach }) {
    const { edit } = this;
    const step = this.panel.detail;
    if (request !== this.checking || !edit || !step) return;
    if (reach) this.reachOf = reach;
    this.difference.show(diff ?? null, EDIT_WORDS.diff[edit.mode]);
    this.preview.show(preview ?? null, edit.content.trim() ? refused : null);
    if (reach) this.drawReach(step.customer.name, edit);
  }

  // ------------------------------------------------------------ storing

  write(type) {
    const step = this.panel.ready;
    if (!step || this.panel.busy(step.id)) return this.panel.notices.tell(WORDS.stillSaving);
    this.panel.fly(step, { type, version: step.row_version }, { edit: {} });
  }

  save() {
    const { edit, panel } = this;
    const step = panel.ready;
    if (!edit || !step || isOff(this.saveButton)) return;
    const lacks = this.lacksOf(edit);
    this.lack(lacks);
    if (!lacks) panel.fly(step, this.message(edit), { edit, byKey: edit.byKey });
  }

  lacksOf(edit) {
    if (edit.mode !== "override" && !edit.name.trim()) return EDIT_WORDS.lacks.name;
    if (!edit.content.trim()) return EDIT_WORDS.lacks.content;
    return edit.mode !== "add" && !this.isDirty(edit) ? EDIT_WORDS.lacks.same : null;
  }

  message({ mode, version, name, kind, category, content, place, share }) {
    if (mode === "override") return { type: "override", version, content };
    if (mode === "custom") return { type: "update", version, name, kind, content };
    return { type: "add", name, kind, category, content, place, share };
  }

  /** What was sent is stored: the editor closes, unless more was typed since then. */
  stored(id, sent, step) {
    const { panel } = this;
    const draft = panel.drafts.get(id);
    if (!draft?.edit || sent.mode !== draft.edit.mode) return;
    const same = ["name", "kind", "content"].every((name) => draft.edit[name] === sent[name]);
    const { row_version: version } = step ?? draft.edit;
    const base = { name: sent.name, kind: sent.kind, content: step?.source_text ?? sent.content, status: sent.base.status };
    panel.drafts.set(id, { ...draft, edit: same ? null : { ...draft.edit, version, base } });
  }
}
