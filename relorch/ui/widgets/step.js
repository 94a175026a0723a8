// The step widget: one customer's step with its target, its exact text and what may be done to it.
// Words, then an area of the panel each, then the panel itself; writing texts and custom steps is in step_edit.js.

/** All the words on the screen. */
const WORDS = {
  panel: "Step",
  emptyTitle: "No step is selected",
  loading: "Loading the selected step …",
  loadSlow: "No answer yet: the selected step is still not loaded. If the server was restarted, open the address it printed.",
  loadFailed: "This step could not be loaded.",
  tryAgain: "Try again",

  target: "Cluster / namespace",
  clusterChanged: (before) => `cluster changed, was ${before}`,
  version: (version) => `version ${version}`,
  releaseStatus: { draft: "draft", active: null, archived: "archived: read-only" },
  memberState: { active: null, held: "customer held: do not run", removed: "removed from this release" },

  type: { bash: "bash", sql: "SQL", text: "text" },
  category: { deploy: "deploy", verify: "verify" },
  by: (who, when) => `by ${who}, ${when}`,
  claimMine: (age) => `by you for ${age}`,
  claim: (who, age) => `by ${who} for ${age}`,
  source: {
    template: (revision) => `from template, revision ${revision}`,
    overridden: "overridden for this customer",
    custom: "custom step of this customer",
  },
  movedOn: (revision) => (revision ? `template moved on to ${revision}` : "template moved on"),
  movedOnTitle: (from, to) => `made from revision ${from ?? "?"}; the template is at revision ${to ?? "?"} now`,
  required: "required",

  copy: "Copy",
  wrap: "Wrap",
  tall: "Taller",
  textLabel: "Text of this step",
  size: (characters, lines) => `${count(characters, "character")}, ${count(lines, "line")}`,
  longest: (columns) => `longest line ${columns.toLocaleString("en")}`,
  sha: (sha) => `sha256 ${sha.slice(0, 8)}…`,
  copied: (characters, sha) => [`Copied ${count(characters, "character")}`, sha && WORDS.sha(sha)].filter(Boolean).join(" · "),
  copyByHand: "Not copied: the browser refused. Press Ctrl+C now, the text is selected.",
  copyByHandLabel: "Text to copy with Ctrl+C",
  copyOff: "Copy is off: there is no rendered text.",
  copyStale: "The text changed after you copied it. Copy it again before you run it.",
  frozen: "Text as started or done: this is what was recorded.",
  differs: "It would render differently now. Reopen the step to take the current text.",
  invisible: (n) => `${count(n, "invisible character")} in this text, shown as ${n === 1 ? "a box" : "boxes"}. Copying takes ${
    n === 1 ? "it" : "them"} along.`,
  invisibleTitle: (code, name) => `${code} ${name}: invisible character`,
  raw: (n) => `${count(n, "raw value")}, inserted without quoting. Read ${n === 1 ? "it" : "them"} before you run this.`,
  rawTitle: "raw: inserted without quoting",
  held: "This customer is held in this release: do not run this now.",
  cannotRender: "This step cannot render",
  cannotRenderWhat: "There is no text to run. Until this is put right the step can only be failed or skipped.",
  fixVariable: (key) => `To do: give customer, cluster or release the metadata “${key}”, or correct the step's text.`,
  fixPlaceholder: "To do: correct the placeholder in the template, or override the text for this customer.",
  sourceText: "Source text, not rendered. Do not run it.",

  verbs: {
    mark_done: "Mark done", start: "Start", skip: "Skip", fail: "Fail", revert: "Revert", reopen: "Reopen",
  },
  submit: {
    skip: "Skip this step", fail: "Mark as failed", revert: "Mark as reverted", reopen: "Reopen this step",
  },
  submitOthers: {
    skip: (who) => `Skip ${who}'s step`, fail: (who) => `Mark ${who}'s step as failed`,
    revert: (who) => `Mark ${who}'s step as reverted`, reopen: (who) => `Reopen ${who}'s step`,
  },
  finishOthers: (who) => `Finish ${who}'s step?`,
  startOthers: (who) => `Take over ${who}'s step?`,
  doneStaleCopy: "Text changed. Mark done?",
  confirmHow: "Press again to confirm, Escape to leave it.",
  othersWarning: (who, age) => `${who} has had this step in progress for ${age}.`,
  keysForMany: (n) => `Keys in the grid: ${count(n, "selected step")}. Buttons here: this step.`,
  next: "Next open step",
  plate: { done: "Done", skipped: "Skipped", archived: "Read-only: release archived", draft: "Release not active",
    removed: "Customer removed", other: "Nothing to do here" },
  saving: "saving…",
  note: "Note",
  noteHow: "optional · Ctrl+Enter marks done",
  actingAs: (operator) => `recorded as ${operator}`,
  reason: "Reason",
  reasonRequired: "required",
  reasonOptional: "optional",
  reasonFromNote: "Taken from the note above; Cancel puts it back there.",
  reasonMissing: "Say why, in a few words.",
  cancel: "Cancel",
  stored: "Stored",
  undo: "Undo",
  notLooked: "Not up to date: the server does not answer. This page asks again by itself.",
  noNext: "No open step is left here.",
  justMoved: "Just moved on: look at the step, then press again.",
  gone: "This step is gone",
  goneHow: (place) => `${place}: it was deleted.`,
  showIt: "Show it",
  noAdding: "Nothing can be added here now: the release or the customer is closed.",
  noEditing: (status) => `This text cannot be changed: the step is ${status}, or closed. Reopen it first.`,
  takeTemplate: "Reopen with the current template text",
  storedElsewhere: (where) => `Stored for ${where}:`,
  noteKept: "The note was not stored with it and stays here.",
  refused: "Refused.",
  notSaved: "Not saved.",
  noAnswer: "No answer yet: not known to be saved. Reload before running it again. " +
    "If the server was restarted, open the address it printed.",
  reload: "Reload this step",
  dismiss: "Dismiss",
  stillSaving: "The last action on this step is still being saved.",
  notPossible: (label, status) => `${label} is not possible: the step is ${status}.`,
  justChanged: "The step changed just as you pressed, so nothing was done. Look again, then press again.",
  pressTooOld: (label) => `The step took long to load, so “${label}” was not done. Press again.`,
  typing: "That key was not taken: it looked like typing a reason. Wait a moment, then press again.",
  onePress: (label) => `“${label}” was not taken: the step was still loading.`,
  waits: (label) => `“${label}” waits until the step is loaded.`,
  notDone: (label) => `“${label}” was NOT done`,
  because: {
    moved: "the selection moved on before the step was loaded.",
    lost: "the step could not be loaded.",
    cancelled: "you pressed Escape.",
  },
  keysDropped: (keys) => `${count(keys.length, "key press", "key presses")} dropped: ${keys.join(", ")}. Only what is shown as done is done.`,
  lostTyped: {
    note: "The note you typed", reason: "The reason you typed", name: "The name you typed", content: "The text you typed",
  },
  copyTyped: "Copy it",
  typedCopied: "Copied",
  typedByHand: "Not copied: press Ctrl+C now.",
  typedDropped: (typed) => `What you typed was not taken: “${typed}”`,
  changedBy: (who, what, when) => `${who} ${what}, ${when}. Shown here now.`,
  changedText: "The text of this step changed. Shown here now.",
  changed: "This step was changed. Shown here now.",
  memberNow: {
    active: "The customer takes part again. Shown here now.", held: "The customer is held now: do not run this step.",
    removed: "The customer was removed from this release just now.",
  },
  releaseNow: (status) => `The release is ${status} now.`,

  recorded: "Recorded",
  executed: { in_progress: "Started", done: "Done", skipped: "Skipped", failed: "Failed", reverted: "Reverted" },
  executedText: "Text",
  notes: "Note",
  skipReason: "Skip reason",
  history: "History",
  historyNone: "Nothing has happened to this step yet.",
  historyAll: (n) => `Show all ${n}`,
  ago: (age) => `${age} ago`,
  actions: {
    start: "started it", mark_done: "marked it done", fail: "marked it failed", skip: "skipped it",
    revert: "marked it reverted", reopen: "reopened it", override: "overrode the text", reset: "took the template's text",
    add_custom: "added it", update_custom: "changed it", delete_custom: "deleted it", undo: "undid a change", activate: "activated the release",
  },
};

/** How long to wait, in milliseconds. */
const WAIT = { rest: 80, slow: 150, noAnswer: 13_000, oldPress: 5_000, settle: 500, confirm: 250, typing: 1200,
  look: 1_000, noLook: 8_000 };
/** As many drafts are looked after. */
const DRAFTS_LOOKED_AFTER = 50;

/** The order of the buttons; the first is the large one. */
const STEP_VERBS = ["mark_done", "start", "skip", "fail", "revert", "reopen"];

/** The keys of the verbs, for a press that comes before the step says which it offers. */
const KEYS = { d: "mark_done", b: "start", s: "skip", f: "fail", r: "revert", o: "reopen", c: "copy", n: "note", e: "edit", a: "add" };
/** The verbs after which something is typed. */
const TYPED_VERBS = ["skip", "fail", "revert", "reopen", "note"];
/** As many of the dropped presses are listed. */
const DROPS_SHOWN = 4;

const CHUNK_LINES = 60;
const CHUNK_TOKENS = 1500;
const HISTORY_FIRST = 8;
let panels = 0;
const INVISIBLE = /(?![\t\n ])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Zs}]/u;

// ---------------------------------------------------------------- small things

function count(n, noun, many = `${noun}s`) {
  return `${n.toLocaleString("en")} ${n === 1 ? noun : many}`;
}

/** Show `text` in `node`, or hide it when there is none. */
function say(node, text) {
  if (node.textContent !== (text ?? "")) node.textContent = text ?? "";
  node.hidden = !text;
}

/** A button with its key beside the word; `onclick` gets the event. */
function keyButton(label, key, props) {
  const word = el("span", { class: "ro-word" }, label);
  const hint = el("kbd", { hidden: !key }, key ?? "");
  const button = el("button", { type: "button", ...props }, word, hint);
  button.relabel = (text) => say(word, text);
  button.rekey = (text) => {
    say(hint, text);
    if (text) button.setAttribute("aria-keyshortcuts", text);
  };
  return button;
}

function quietButton(word, onclick) {
  return el("button", { type: "button", class: "ro-button ro-quiet", onclick }, word);
}

/** Off without `disabled`: a disabled button would lose the keyboard focus. Handlers ask `isOff`. */
function turnOff(button, off) {
  button.setAttribute("aria-disabled", off ? "true" : "false");
}

function isOff(button) {
  return button.getAttribute("aria-disabled") === "true";
}

function actionWords(action) {
  const verb = action.replace(/^.*\./, "");
  return WORDS.actions[verb] ?? action.replace(/[._]/g, " ");
}

/** Do this when what was drawn is painted: a task behind the next frame, not in the frame after it. */
function afterPaint(work) {
  requestAnimationFrame(() => setTimeout(work));
}

/** The element that has the focus, through shadow roots. */
function focused() {
  let node = document.activeElement;
  while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
  return node;
}

/** Is what was typed as a note in the record now? */
function isRecorded(note, step) {
  const typed = note.trim();
  return [step.notes, step.history.at(-1)?.note].some((text) => (text ?? "").includes(typed));
}

function where(step) {
  return `${step.name}, ${step.cluster.name}/${step.customer.namespace}`;
}

// ---------------------------------------------------------------- target and head

/** Where the text would run: the first thing to read. Says so when the last step was on another cluster. */
function targetArea() {
  const cluster = el("span", { class: "ro-cluster" });
  const namespace = el("span", { class: "ro-namespace" });
  const moved = el("span", { class: "ro-moved", hidden: true });
  const loading = el("span", { class: "ro-loading", role: "status" });
  const customer = el("strong", { class: "ro-customer" });
  const release = el("span", { class: "ro-release" });
  const state = el("span", { class: "ro-chip ro-bad", hidden: true });
  const archived = el("span", { class: "ro-chip ro-warn", hidden: true });
  const node = el("header", { class: "ro-target" },
    el("div", { class: "ro-target-top" },
      el("span", { class: "ro-small" }, WORDS.target), loading, state, archived, moved),
    el("div", { class: "ro-target-name ro-fades" }, cluster, el("span", { class: "ro-slash" }, "/"), namespace),
    el("div", { class: "ro-target-who ro-fades" }, customer, release));
  const show = (step, before) => {
    say(cluster, step.cluster.name);
    say(namespace, step.customer.namespace);
    say(customer, step.customer.name);
    const version = step.release.version && WORDS.version(step.release.version);
    say(release, [step.release.name, version].filter(Boolean).join(" · "));
    say(state, WORDS.memberState[step.member_state]);
    say(archived, WORDS.releaseStatus[step.release.status]);
    if (before?.id !== step.id) {
      const other = before && before.cluster.id !== step.cluster.id;
      say(moved, other ? WORDS.clusterChanged(before.cluster.name) : null);
    }
  };
  const load = (text) => {
    say(loading, text);
    if (text) moved.hidden = true;
  };
  return { node, show, load };
}

function sourceChips(step) {
  const { source } = step;
  const words = {
    template: () => WORDS.source.template(source.revision),
    overridden: () => WORDS.source.overridden,
    custom: () => WORDS.source.custom,
  };
  const chips = [el("span", { class: `ro-source ro-source-${source.kind}` }, words[source.kind]())];
  if (source.required) chips.push(el("span", { class: "ro-chip" }, WORDS.required));
  if (source.moved_on) {
    const title = WORDS.movedOnTitle(source.revision, source.template_revision);
    chips.push(el("span", { class: "ro-chip ro-warn", title }, WORDS.movedOn(source.template_revision)));
  }
  return chips;
}

function statusWho(step) {
  if (step.claim) return step.claim.mine ? WORDS.claimMine(step.claim.age) : WORDS.claim(step.claim.by, step.claim.age);
  return step.executed_at ? WORDS.by(step.executed_by, step.executed_at) : "";
}

/** What the step is called, where it stands, and its status with shape, word, who and when. */
function headArea() {
  const name = el("h2", { class: "ro-name" });
  const meta = el("div", { class: "ro-meta" });
  const status = el("div", { class: "ro-status" });
  const source = el("div", { class: "ro-sources" });
  const node = el("div", { class: "ro-head ro-fades" }, meta, name, status, source);
  const show = (step) => {
    say(name, step.name);
    const category = WORDS.category[step.category] ?? step.category;
    const said = step.place.toLowerCase().startsWith(category);
    meta.replaceChildren(
      el("span", { class: "ro-chip ro-type" }, WORDS.type[step.type] ?? step.type),
      el("span", {}, said ? step.place : `${category} · ${step.place}`));
    status.className = `ro-status ro-is-${step.status}`;
    status.classList.toggle("ro-others", Boolean(step.claim && !step.claim.mine));
    status.replaceChildren(
      statusIcon(step.status), el("strong", {}, STATUS_LABEL[step.status]), el("span", {}, statusWho(step)));
    source.replaceChildren(...sourceChips(step));
  };
  return { node, show };
}

// ---------------------------------------------------------------- the text

/** Lines of tokens for a text that came without, with its invisible characters marked. */
function plainLines(text) {
  const mark = (piece) => {
    if (!INVISIBLE.test(piece)) return ["", piece, null];
    const code = piece.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    return ["", piece, { invisible: `U+${code}`, name: "" }];
  };
  const apart = new RegExp(`(${INVISIBLE.source})`, "u");
  return text.split("\n").map((line) => line.split(apart).filter(Boolean).map(mark));
}

/** The lines as they came, unless they do not spell exactly `text`: what is shown is what is copied. */
function linesOf(text, lines) {
  const spelt = lines.map((line) => line.map((token) => token[1]).join("")).join("\n");
  return spelt === text ? lines : plainLines(text);
}

/** A line of thousands of tokens keeps its marks and loses its colours. */
function calmLine(line) {
  if (line.length <= CHUNK_TOKENS) return line;
  const calm = [];
  for (const [, text, mark] of line) {
    const last = calm.at(-1);
    if (last && !mark && !last[2]) last[1] += text;
    else calm.push(["", text, mark]);
  }
  return calm;
}

/** A box in the place of a character that cannot be seen; copying by hand puts the character back. */
function invisibleNode({ invisible, name }) {
  const title = WORDS.invisibleTitle(invisible, name);
  return el("span", { class: "ro-invisible", "data-code": invisible, role: "img", title, "aria-label": title });
}

/** One token; `from` and `to` are where it stands in the text, for copying by hand. */
function tokenNode([kind, text, mark], from) {
  const node = mark?.invisible ? invisibleNode(mark) : el("span", {
    class: /^[a-z0-9]{1,4}$/.test(kind) ? kind : undefined,
    "data-mark": mark === "raw" ? "raw" : undefined,
    title: mark === "raw" ? WORDS.rawTitle : undefined,
  }, text);
  return Object.assign(node, { from, to: from + text.length });
}

function lineNode(line, number, from) {
  let at = from;
  const tokens = calmLine(line).map((token) => {
    const node = tokenNode(token, at);
    at = node.to;
    return node;
  });
  const text = Object.assign(el("span", { class: "ro-line-text" }, ...tokens), { from, to: at });
  const kind = line.kind === undefined ? "ro-line" : `ro-line ro-unnumbered ${line.kind ?? ""}`;
  return Object.assign(el("div", { class: kind, "data-n": number }, text), { from, to: at });
}

/** Group lines into chunks that are drawn when they come near; each knows its place in the text. */
function chunksOf(lines) {
  const chunks = [];
  let chunk = null;
  let at = 0;
  lines.forEach((line, index) => {
    if (!chunk || chunk.lines.length >= CHUNK_LINES || chunk.tokens + line.length > CHUNK_TOKENS) {
      chunk = { lines: [], tokens: 0, first: index + 1, from: at, to: at };
      chunks.push(chunk);
    }
    chunk.lines.push(line);
    chunk.tokens += line.length;
    chunk.to = at + line.reduce((sum, token) => sum + token[1].length, 0);
    at = chunk.to + 1;
  });
  return chunks;
}

function fillChunk(node) {
  if (!node.chunk) return;
  let at = node.from;
  node.append(...node.chunk.lines.map((line, index) => {
    const drawn = lineNode(line, node.chunk.first + index, at);
    at = drawn.to + 1;
    return drawn;
  }));
  node.style.removeProperty("height");
  node.chunk = null;
}

/** Where in the text a selection's end stands; `null` when it is outside. */
function placeInText(node, offset) {
  if (node.nodeType === Node.TEXT_NODE) return (node.parentNode.from ?? 0) + offset;
  const child = node.childNodes[offset];
  return child?.from ?? (offset === 0 ? node.from : node.to) ?? null;
}

/** The selection's range within this shadow root, in any browser. */
function selectedRange(inside) {
  const home = inside.getRootNode();
  const selection = home.getSelection?.() ?? document.getSelection();
  if (home instanceof ShadowRoot && selection?.getComposedRanges) {
    return selection.getComposedRanges({ shadowRoots: [home] })[0] ?? null;
  }
  return selection?.rangeCount ? selection.getRangeAt(0) : null;
}

/** The block of lines. Selecting by hand copies the very characters too, those not drawn yet among them. */
function codeBlock(label = WORDS.textLabel) {
  const node = el("div", { class: "ro-code", tabindex: "0", role: "group", "aria-label": label });
  let copyable = null;
  const seen = (entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      watcher.unobserve(entry.target);
      fillChunk(entry.target);
    }
  };
  const watcher = new IntersectionObserver(seen, { root: node, rootMargin: "800px 0px" });
  const show = (lines, text, toTop = true) => {
    copyable = text;
    watcher.disconnect();
    const drawn = chunksOf(lines).map((chunk) => {
      const part = Object.assign(el("div", { class: "ro-chunk" }), { chunk, from: chunk.from, to: chunk.to });
      part.style.height = `calc(${chunk.lines.length} * var(--ro-row))`;
      return part;
    });
    node.style.setProperty("--ro-digits", String(String(lines.length).length));
    node.from = 0;
    node.to = drawn.at(-1)?.to ?? 0;
    node.replaceChildren(...drawn);
    if (drawn.length) fillChunk(drawn[0]);
    drawn.slice(1).forEach((part) => watcher.observe(part));
    if (toTop) node.scrollTo(0, 0);
  };
  node.addEventListener("copy", (event) => {
    event.preventDefault();
    const range = selectedRange(node);
    if (copyable === null || !range || node.closest("[aria-busy]")) return;
    if (!node.contains(range.startContainer) || !node.contains(range.endContainer)) return;
    const from = placeInText(range.startContainer, range.startOffset);
    const to = placeInText(range.endContainer, range.endOffset);
    if (from === null || to === null) return;
    // no newline at the end: nothing runs on paste
    event.clipboardData.setData("text/plain", copyable.slice(from, to).replace(/\n+$/, ""));
  });
  node.addEventListener("dragstart", (event) => event.preventDefault());
  node.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "a") return;
    event.preventDefault();
    const home = node.getRootNode();
    (home.getSelection?.() ?? document.getSelection()).selectAllChildren(node);
  });
  return { node, show, close: () => watcher.disconnect() };
}

function fixFor(placeholder) {
  const key = /\bvars\.([A-Za-z0-9_-]+)/.exec(placeholder)?.[1];
  return key ? WORDS.fixVariable(key) : WORDS.fixPlaceholder;
}

function problemNode({ placeholder, why }) {
  return el("li", {}, el("code", {}, placeholder), el("span", {}, `${why}.`), el("em", {}, fixFor(placeholder)));
}

function problemsBlocks(problems) {
  return [
    el("div", { class: "ro-problems" }, el("strong", {}, WORDS.cannotRender), el("p", {}, WORDS.cannotRenderWhat),
      el("ul", {}, ...problems.map(problemNode))),
    el("p", { class: "ro-source-label" }, WORDS.sourceText),
  ];
}

/** What must be read before the text is run, in order of danger: `[class, words]`. */
function warningsOf(step) {
  const raw = step.text === null ? 0 : step.lines.flat().filter((token) => token[2] === "raw").length;
  return [
    step.member_state === "held" && ["ro-bad", WORDS.held],
    step.invisible > 0 && ["ro-bad", WORDS.invisible(step.invisible)],
    raw > 0 && ["ro-bad", WORDS.raw(raw)],
    step.frozen && step.differs && ["ro-warn", WORDS.differs],
    step.frozen && ["ro-plain", WORDS.frozen],
  ].filter(Boolean);
}

function sizeOf(step, lines) {
  const longest = step.text.split("\n").reduce((most, line) => Math.max(most, line.length), 0);
  const more = longest > 100 ? WORDS.longest(longest) : step.sha256 && WORDS.sha(step.sha256);
  return [WORDS.size([...step.text].length, lines.length), more].filter(Boolean).join(" · ");
}

/** The exact text with its tools: copy, wrap, height. `copy` is what the Copy button does. */
function textArea(copy) {
  const code = codeBlock();
  const copyButton = keyButton(WORDS.copy, "c", { class: "ro-button ro-copy", onclick: copy });
  const info = el("p", { class: "ro-info" });
  const said = el("p", { class: "ro-copied", role: "status", hidden: true });
  const wrap = el("button", { type: "button", class: "ro-toggle", "aria-pressed": "false" }, WORDS.wrap);
  const tall = el("button", { type: "button", class: "ro-toggle", "aria-pressed": "false" }, WORDS.tall);
  const warnings = el("div", { class: "ro-warnings" });
  const problems = el("div", { class: "ro-problem-room", hidden: true });
  const manual = el("textarea", { class: "ro-manual", readonly: true, hidden: true });
  manual.setAttribute("aria-label", WORDS.copyByHandLabel);
  const frame = el("div", { class: "ro-frame ro-fades" }, warnings, problems, code.node, manual);
  const node = el("section", { class: "ro-text", "aria-label": WORDS.textLabel },
    el("div", { class: "ro-tools" },
      copyButton, el("div", { class: "ro-told ro-fades" }, info, said), wrap, tall), frame);
  let wrapped = null;
  let shown = null;

  const setWrap = (on) => {
    code.node.classList.toggle("ro-wrapped", on);
    wrap.setAttribute("aria-pressed", String(on));
  };
  wrap.addEventListener("click", () => setWrap((wrapped = wrap.getAttribute("aria-pressed") !== "true")));
  tall.addEventListener("click", () => tall.setAttribute("aria-pressed", String(frame.classList.toggle("ro-tall"))));

  const tell = (text, kind = "") => {
    say(said, text);
    said.className = `ro-copied ${kind}`;
    info.hidden = Boolean(text);
  };
  const show = (step) => {
    const runs = step.text !== null;
    const key = JSON.stringify([step.id, step.sha256, step.text === null, step.source_text, step.problems, step.type]);
    warnings.replaceChildren(...warningsOf(step).map(([kind, words]) => el("p", { class: kind }, words)));
    turnOff(copyButton, !runs);
    if (key === shown) return; // the same text stays where it is scrolled to, with what is selected in it
    shown = key;
    manual.hidden = true;
    code.node.hidden = false;
    const lines = linesOf(step.text ?? step.source_text, step.lines);
    code.show(lines, step.text);
    frame.classList.toggle("ro-unrendered", !runs);
    problems.hidden = runs;
    problems.replaceChildren(...(runs ? [] : problemsBlocks(step.problems)));
    say(info, runs ? sizeOf(step, lines) : WORDS.copyOff);
    setWrap(wrapped ?? step.type === "text");
  };
  /** The last resort: the exact text, selected, for Ctrl+C. `copied` is called when the browser says so. */
  const byHand = (text, copied) => {
    manual.value = text;
    manual.hidden = false;
    code.node.hidden = true;
    manual.focus();
    manual.select();
    manual.scrollTo(0, 0);
    manual.oncopy = (event) => {
      event.preventDefault();
      event.clipboardData.setData("text/plain", text);
      endByHand();
      copied();
    };
  };
  const endByHand = () => {
    if (manual.hidden) return false;
    manual.hidden = true;
    code.node.hidden = false;
    return true;
  };
  return { node, show, tell, byHand, endByHand, copyButton, code: code.node, close: code.close };
}

/** Put `text` on the clipboard without the clipboard API; true only when the browser did it. */
function copyOldWay(text, room) {
  const before = focused();
  const field = el("textarea", { class: "ro-offscreen", readonly: true, "aria-hidden": "true", tabindex: "-1" });
  let took = false;
  field.value = text;
  field.addEventListener("copy", (event) => {
    event.clipboardData.setData("text/plain", text);
    event.preventDefault();
    event.stopPropagation();
    took = true;
  });
  room.append(field);
  field.select();
  const done = document.execCommand("copy") && took;
  field.remove();
  before?.focus?.({ preventScroll: true });
  return done;
}

async function copyText(text, room) {
  try {
    if (navigator.clipboard?.writeText) {
      await navigator.clipboard.writeText(text);
      return true;
    }
  } catch (refusal) {
    console.info("relorch: the clipboard refused, trying the older way", refusal?.name);
  }
  return copyOldWay(text, room);
}

// ---------------------------------------------------------------- actions

/** What the large button's place says while the step cannot be marked done. */
function plateWords(step) {
  if (step.status === "done" || step.status === "skipped") return WORDS.plate[step.status];
  if (step.release.status !== "active") return WORDS.plate[step.release.status] ?? WORDS.plate.other;
  return step.member_state === "removed" ? WORDS.plate.removed : WORDS.plate.other;
}

/** Is a verb that is not allowed shown all the same, off and with the reason beside it? */
function shownOff(step, verb) {
  if (verb.allowed || !verb.why || (verb.verb !== "mark_done" && verb.verb !== "start")) return false;
  return step.problems.length > 0 || step.member_state === "held";
}

/** The buttons. `on` has `verb(verb, byKey, event)`, `next()`, `disarm()`. */
function buttonsArea(on) {
  const buttons = new Map(STEP_VERBS.map((verb) => [verb, keyButton(WORDS.verbs[verb], null, {
    class: `ro-button ${verb === "mark_done" ? "ro-primary" : ""}`, "data-verb": verb, hidden: true,
    onclick: (event) => on.verb(verb, event.detail === 0, event),
    onblur: () => on.disarm(verb),
  })]));
  const plate = el("div", { class: "ro-plate" });
  const next = keyButton(WORDS.next, "j", { class: "ro-button ro-next", onclick: () => on.next() });
  const why = el("p", { class: "ro-why", hidden: true });
  const many = el("p", { class: "ro-many-said", hidden: true });
  const [primary, ...others] = buttons.values();
  // last, and what comes and goes above it: so the buttons stay where the hand expects them
  const node = el("div", { class: "ro-buttons" }, many, why,
    el("div", { class: "ro-row" }, primary, plate, next), el("div", { class: "ro-row ro-others-row" }, ...others));
  const show = (step, off) => {
    const offered = new Map(step.verbs.map((verb) => [verb.verb, verb]));
    for (const [name, button] of buttons) {
      const verb = offered.get(name);
      const visible = Boolean(verb && (verb.allowed || shownOff(step, verb)));
      button.hidden = !visible;
      if (!visible) continue;
      if (!button.classList.contains("ro-armed")) button.relabel(verb.label);
      button.rekey(verb.key);
      turnOff(button, off || !verb.allowed);
      button.classList.toggle("ro-never", !verb.allowed);
    }
    plate.hidden = !primary.hidden;
    plate.className = `ro-plate ro-is-${step.status}`;
    plate.replaceChildren(statusIcon(step.status), plateWords(step));
    const reasons = step.verbs.filter((verb) => shownOff(step, verb)).map((verb) => verb.why);
    say(why, [...new Set(reasons)].join(" "));
  };
  const arm = (verb, question) => {
    for (const [name, button] of buttons) {
      const armed = name === verb;
      if (button.classList.toggle("ro-armed", armed)) button.relabel(question);
    }
  };
  return { node, show, arm, buttons, next, many };
}

/** The reason, in the page. `on` has `submit(byKey, event)`, `cancel()`, `typed()`. */
function reasonForm(on, nr) {
  const field = el("textarea", { id: `ro-reason-${nr}`, rows: "2", autocomplete: "off", class: "ro-field" });
  const rule = el("span", { class: "ro-rule" });
  const origin = el("p", { class: "ro-rule", hidden: true }, WORDS.reasonFromNote);
  const warning = el("p", { class: "ro-form-warning", hidden: true });
  const missing = el("p", { class: "ro-missing", id: `ro-reason-missing-${nr}`, role: "alert", hidden: true });
  const clicked = (event) => on.submit(event.detail === 0, event);
  const submit = keyButton("", "Enter", { class: "ro-button ro-submit", onclick: clicked });
  const cancel = keyButton(WORDS.cancel, "Esc", { class: "ro-button ro-quiet", onclick: () => on.cancel() });
  const node = el("div", { class: "ro-form", role: "group", hidden: true }, warning,
    el("label", { for: field.id, class: "ro-label" }, WORDS.reason, " ", rule), origin, field, missing,
    el("div", { class: "ro-row" }, submit, cancel));
  field.setAttribute("aria-describedby", missing.id);
  field.addEventListener("input", () => {
    lack(null);
    on.typed();
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat) on.submit(true, event);
  });
  const lack = (text) => {
    say(missing, text);
    field.setAttribute("aria-invalid", String(Boolean(text)));
  };
  const show = (step, verb, off, take) => {
    const offered = step.verbs.find((each) => each.verb === verb);
    const words = take ? WORDS.takeTemplate : WORDS.submit[verb];
    const others = step.claim && !step.claim.mine ? step.claim : null;
    const possible = Boolean(offered?.allowed);
    node.hidden = false;
    node.setAttribute("aria-label", words);
    field.toggleAttribute("required", offered?.reason === "required");
    say(rule, offered?.reason === "required" ? WORDS.reasonRequired : WORDS.reasonOptional);
    submit.relabel(others ? WORDS.submitOthers[verb](others.by) : words);
    turnOff(submit, off || !possible);
    submit.classList.toggle("ro-never", !possible);
    const warn = others && WORDS.othersWarning(others.by, others.age);
    say(warning, possible ? warn : offered?.why ?? WORDS.notPossible(WORDS.verbs[verb], STATUS_LABEL[step.status]));
  };
  const hide = () => {
    node.hidden = true;
    lack(null);
  };
  const fromNote = (yes) => (origin.hidden = !yes);
  return { node, field, submit, show, hide, lack, fromNote };
}

/** What became of the last action, right beside the buttons. `on` has `reload()`, `dismiss(id)`, `dismissDrops()`, `undo()`, `goTo(id)`. */
function noticeArea(on) {
  const said = el("p", { class: "ro-said", role: "status", hidden: true });
  const alert = el("div", { class: "ro-alert", role: "alert", hidden: true });
  const elsewhere = el("div", { class: "ro-elsewhere", role: "alert", hidden: true });
  const dropped = el("div", { class: "ro-dropped", role: "alert", hidden: true });
  const undo = el("button", { type: "button", class: "ro-button ro-tool", hidden: true, onclick: () => on.undo() }, WORDS.undo);
  const visit = el("button", { type: "button", class: "ro-button ro-tool", hidden: true }, WORDS.showIt);
  const told = el("div", { class: "ro-said-row" }, said, visit, undo);
  const node = el("div", { class: "ro-notices" }, dropped, elsewhere, el("div", { class: "ro-notice" }, told, alert));
  const tell = (text, stored = null, { undoable = false, added = null } = {}) => {
    say(said, text);
    said.classList.toggle("ro-stored", Boolean(stored));
    if (stored) said.prepend(el("strong", {}, stored), " ");
    undo.hidden = !undoable;
    visit.hidden = !added;
    visit.onclick = () => on.goTo(added);
  };
  const warn = (trouble) => {
    alert.hidden = !trouble;
    alert.replaceChildren(...(trouble ? troubleParts(trouble) : []));
    if (trouble?.kind === "no_answer") alert.append(quietButton(WORDS.reload, on.reload));
  };
  const warnElsewhere = (troubles) => {
    elsewhere.hidden = troubles.length === 0;
    elsewhere.replaceChildren(...troubles.map((trouble) => el("div", { class: "ro-trouble" },
      el("div", {}, el("strong", {}, `${trouble.where}: `), ...troubleParts(trouble)),
      quietButton(WORDS.dismiss, () => on.dismiss(trouble.id)))));
  };
  const warnDropped = (drops) => {
    dropped.hidden = drops.length === 0;
    const lines = drops.flatMap(({ title, text, typed }) => [
      el("p", {}, el("strong", {}, title), " ", el("span", {}, text)), ...typed.map(typedNode)]);
    const dismiss = quietButton(WORDS.dismiss, on.dismissDrops);
    dropped.replaceChildren(...(drops.length ? [el("div", { class: "ro-trouble" }, el("div", {}, ...lines), dismiss)] : []));
  };
  return { node, tell, warn, warnElsewhere, warnDropped };
}

/** What was typed and has no place any more, to be copied from here. */
function typedNode([label, text]) {
  const field = el("textarea", { class: "ro-field", readonly: true, rows: "2", "aria-label": label }, text);
  const said = el("span", { role: "status" });
  const copy = quietButton(WORDS.copyTyped, async () => {
    const done = await copyText(text, node);
    if (!done) field.select();
    say(said, done ? WORDS.typedCopied : WORDS.typedByHand);
  });
  const node = el("div", { class: "ro-typed" }, el("span", {}, `${label}:`), field, el("div", { class: "ro-row" }, copy, said));
  return node;
}

function troubleParts({ kind, message }) {
  if (kind === "no_answer") return [el("span", {}, WORDS.noAnswer)];
  return [el("strong", {}, kind === "not_saved" ? WORDS.notSaved : WORDS.refused), " ", el("span", {}, message)];
}

// ---------------------------------------------------------------- the record

function fact(name, value, props = {}) {
  return [el("dt", {}, name), el("dd", props, value)];
}

/** What was recorded when the step was last acted on. */
function recordArea() {
  const list = el("dl", {});
  const node = el("section", { class: "ro-record ro-fades", hidden: true }, el("h3", {}, WORDS.recorded), list);
  const show = (step) => {
    const as = WORDS.executed[step.status] ?? STATUS_LABEL[step.status];
    const skipped = step.status === "skipped" && step.skip_reason;
    const facts = [
      step.executed_at && fact(as, `${step.executed_by}, ${step.executed_at}`),
      step.frozen && step.sha256 && fact(WORDS.executedText, WORDS.sha(step.sha256), { title: step.sha256 }),
      step.notes && fact(WORDS.notes, step.notes, { class: "ro-prose" }),
      skipped && fact(WORDS.skipReason, step.skip_reason, { class: "ro-prose" }),
    ].filter(Boolean).flat();
    list.replaceChildren(...facts);
    node.hidden = facts.length === 0;
  };
  return { node, show };
}

function eventNode(event) {
  return el("li", {},
    el("div", {}, el("strong", {}, event.operator), ` ${actionWords(event.action)}`),
    el("div", { class: "ro-when" }, [event.at, event.age && WORDS.ago(event.age)].filter(Boolean).join(" · ")),
    event.note ? el("div", { class: "ro-prose" }, event.note) : null);
}

/** Everything that happened to the step, newest first. */
function historyArea() {
  const list = el("ol", { class: "ro-events" });
  const none = el("p", { class: "ro-muted" }, WORDS.historyNone);
  const all = el("button", { type: "button", class: "ro-button ro-quiet", hidden: true });
  const node = el("section", { class: "ro-history ro-fades", "aria-label": WORDS.history }, el("h3", {}, WORDS.history), none, list, all);
  let open = null;
  let shown = null;
  const draw = (step) => {
    const newest = [...step.history].reverse();
    const some = open === step.id ? newest : newest.slice(0, HISTORY_FIRST);
    list.replaceChildren(...some.map(eventNode));
    none.hidden = newest.length > 0;
    say(all, some.length < newest.length ? WORDS.historyAll(newest.length) : null);
  };
  all.addEventListener("click", () => {
    open = shown.id;
    draw(shown);
  });
  return { node, show: (step) => draw((shown = step)) };
}

// ---------------------------------------------------------------- the panel

/** The panel and what it knows: the selected step, the detail on the screen, drafts, and what is on its way. */
class StepPanel {
  constructor(model, root) {
    this.model = model;
    this.root = root;
    this.nr = ++panels;
    this.channel = channel(model.get("channel") || `alone-${this.nr}`);
    this.requests = 0;
    this.selected = 0; // the step the matrix points at
    this.detail = null; // the step on the screen
    this.loading = false; // on the screen is not (yet) what is selected
    this.asked = null; // { id, request } of the detail that was asked for
    this.held = null; // the one press that waits for its detail: { verb, id, byKey, typed, at }
    this.where = ""; // the selected step and its customer, in the matrix's words
    this.drops = []; // presses that were not done, as { title, text, typed }
    this.armed = null; // the verb that asks "really?"
    this.drafts = new Map(); // step id -> { note, reason, form, byKey, take, edit }
    this.offer = null; // what was stored last and can be taken back: { batch, id, text, where }
    this.advanced = false; // the list went on to this step by itself
    this.noteMoved = 0; // the step whose note stands in the reason now
    this.lookedAt = 0; // since then a look is not answered; 0: it is
    this.flights = new Map(); // request -> verb that is not answered yet
    this.troubles = new Map(); // step id -> what went wrong and is not settled
    this.copies = new Map(); // step id -> sha256 of the text last copied
    this.typingUntil = 0; // until then letters are a reason that found no field
    this.settledAt = -Infinity; // when the step on the screen last changed under the hand
    this.timers = {};
    this.build();
    this.listen();
    const opened = model.get("opened");
    if (opened) this.select({ id: opened, at: "link" });
    else this.showEmpty();
  }

  build() {
    this.target = targetArea();
    this.head = headArea();
    this.text = textArea(() => this.perform("copy", false));
    this.buttons = buttonsArea({
      verb: (verb, byKey, event) => this.clicked(verb, byKey, event),
      next: () => this.next(),
      disarm: (verb) => this.armed?.verb === verb && this.disarm(),
    });
    this.form = reasonForm({
      submit: (byKey, event) => this.submitReason(byKey, event),
      cancel: () => this.cancelReason(),
      typed: () => this.keepDraft(),
    }, this.nr);
    this.notices = noticeArea({
      reload: () => this.reload(), dismiss: (id) => this.settle(id), dismissDrops: () => this.showDrops((this.drops = [])),
      undo: () => this.undo(), goTo: (id) => this.goTo(id),
    });
    this.record = recordArea();
    this.history = historyArea();
    this.note = el("textarea", { id: `ro-note-${this.nr}`, rows: "2", class: "ro-field", oninput: () => this.keepDraft() });
    this.operator = el("span", { class: "ro-acting" });
    this.empty = el("div", { class: "ro-empty" }, el("strong", {}, WORDS.emptyTitle), el("p", {}, this.model.get("empty")));
    this.lost = el("div", { class: "ro-lost", role: "alert", hidden: true });
    const label = el("label", { for: this.note.id, class: "ro-label" }, WORDS.note, " ");
    label.append(el("span", { class: "ro-rule" }, WORDS.noteHow));
    const typed = el("div", { class: "ro-note" }, label, this.note, this.operator);
    this.editing = new StepEditing(this);
    this.difference = diffArea();
    this.outdated = el("p", { class: "ro-outdated", role: "status", hidden: true });
    this.actions = el("section", { class: "ro-actions" },
      this.notices.node, this.form.node, this.editing.bar, this.buttons.node);
    // what is read and typed scrolls between the target and the buttons, which always stay in view
    this.body = el("div", { class: "ro-body" }, this.head.node, this.editing.node, this.text.node, this.editing.tools,
      this.difference.node, typed, this.record.node, this.history.node);
    this.panel = el("section", { class: "ro-step", "aria-label": WORDS.panel, tabindex: "-1" },
      this.outdated, this.empty, this.target.node, this.lost, this.body, this.actions);
    this.panel.addEventListener("keydown", (event) => this.key(event));
    this.root.append(this.panel);
    this.showOperator();
  }

  listen() {
    const fromPython = (message) => this.answered(message);
    const operator = () => this.showOperator();
    const opened = () => this.model.get("opened") && this.select({ id: this.model.get("opened"), at: "link" });
    this.model.on("msg:custom", fromPython);
    this.model.on("change:operator", operator);
    this.model.on("change:opened", opened);
    const outdated = () => this.showOutdated();
    this.model.on("change:trouble", outdated);
    const deaf = this.channel.hear((message) => this.heard(message));
    const seen = () => this.look();
    const room = () => this.fitWindow();
    this.looking = setInterval(seen, WAIT.look);
    document.addEventListener("visibilitychange", seen);
    window.addEventListener("resize", room);
    document.addEventListener("scroll", room, { capture: true, passive: true });
    const placed = new ResizeObserver(room);
    placed.observe(document.body);
    placed.observe(this.panel);
    this.unlisten = () => {
      deaf();
      clearInterval(this.looking);
      document.removeEventListener("visibilitychange", seen);
      window.removeEventListener("resize", room);
      document.removeEventListener("scroll", room, { capture: true });
      placed.disconnect();
      this.model.off("msg:custom", fromPython);
      this.model.off("change:operator", operator);
      this.model.off("change:opened", opened);
      this.model.off("change:trouble", outdated);
    };
  }

  close() {
    this.unlisten();
    Object.values(this.timers).forEach(clearTimeout);
    this.flights.forEach((flight) => flight.timers.forEach(clearTimeout));
    this.text.close();
    this.difference.close();
    this.editing.closeAll();
    this.panel.remove();
  }

  after(name, ms, work) {
    clearTimeout(this.timers[name]);
    this.timers[name] = setTimeout(work, ms);
  }

  stop(name) {
    clearTimeout(this.timers[name]);
  }

  heard(message) {
    const does = {
      select: () => this.select(message),
      press: () => this.press(message),
      typed: () => this.held?.id === message.id && this.typeAhead(message.key),
      "let-go": () => this.held?.id === message.id && this.dropHeld("cancelled"),
      dropped: () => this.dropped(WORDS.keysDropped(message.keys), ""),
      tell: () => this.notices.tell(message.text),
      "focus-step": () => this.focusStep(),
      selection: () => this.showMany(message.count),
    };
    does[message?.type]?.();
  }

  answered(message) {
    const does = {
      detail: () => this.arrived(message.step),
      stored: () => this.stored(message),
      refused: () => this.refused(message),
      not_saved: () => this.notSaved(message),
      changed: () => this.changed(message.step),
      checked: () => this.editing.checked(message),
      next: () => this.goOn(message),
      gone: () => this.gone(message.id),
      looked: () => this.looked(),
    };
    does[message?.type]?.();
  }

  /** Keep the panel within the window, wherever it stands on the page. */
  fitWindow() {
    const top = Math.max(0, Math.round(this.panel.getBoundingClientRect().top));
    const room = `${Math.max(300, window.innerHeight - top - 8)}px`;
    if (this.room === room) return;
    this.room = room;
    this.panel.style.setProperty("--ro-room", room);
  }

  // ------------------------------------------------------------ selecting and loading

  /** The detail on the screen when it is that of the selected step and nothing newer is on its way. */
  get ready() {
    return this.detail && !this.loading && this.detail.id === this.selected ? this.detail : null;
  }

  select({ id, version, at, where: place = "" }) {
    if (!id) return this.showEmpty();
    if (id === this.selected && place) this.where = place;
    if (this.ready?.id === id && !(version > this.ready.row_version)) return;
    if (id === this.selected && this.asked) return; // its detail is on its way already
    if (id !== this.selected) this.leaveStep(id, place);
    this.advanced = at === "advance";
    this.loading = true;
    this.showLoading();
    if (at === "key") this.after("rest", WAIT.rest, () => this.ask());
    else this.ask();
  }

  leaveStep(id, place = "") {
    this.disarm();
    this.dropHeld("moved");
    const writing = this.editing.isDirty(this.draft().edit) && this.where;
    this.where = place;
    this.asked = null;
    this.typingUntil = 0;
    this.selected = id;
    this.notices.tell(writing ? EDIT_WORDS.stays(writing) : null);
    this.carryOffer();
    this.notices.warn(null);
    this.text.endByHand();
    this.text.tell(null);
    this.form.hide();
    this.editing.show(null);
    this.fillFields();
    this.showElsewhere();
  }

  ask() {
    this.stop("rest");
    this.asked = { id: this.selected, request: ++this.requests };
    this.after("load", WAIT.noAnswer, () => this.showLost(WORDS.loadSlow));
    const { id, request } = this.asked;
    this.send({ type: "open", id, request }, () => this.asked?.request === request && this.showLost(WORDS.loadFailed));
  }

  /** Send to Python; `failed` when the connection itself says no. */
  send(message, failed) {
    const refused = (reason) => {
      console.warn("relorch: could not send", message.type, reason);
      failed();
    };
    try {
      Promise.resolve(this.model.send(message)).catch(refused);
    } catch (reason) {
      refused(reason);
    }
  }

  notLoaded(message) {
    this.stop("load");
    this.asked = null;
    this.showLost(message || WORDS.loadFailed);
  }

  reload() {
    if (!this.selected) return;
    this.loading = true;
    this.showLoading();
    this.ask();
    this.panel.focus({ preventScroll: true });
  }

  arrived(step) {
    if (step.id !== this.selected) return;
    if (this.detail?.id === step.id && step.row_version < this.detail.row_version) return;
    this.where = where(step);
    if (this.model.get("address")) this.nameInAddress(step.id);
    if (this.advanced) this.settledAt = performance.now();
    this.advanced = false;
    this.stop("load");
    this.stop("rest");
    this.asked = null;
    for (const flight of this.flights.values()) if (flight.id === step.id && flight.late) flight.released = true;
    if (this.troubles.get(step.id)?.kind === "no_answer") this.troubles.delete(step.id);
    this.show(step);
    this.doHeldPress();
  }

  // ------------------------------------------------------------ drawing

  show(step) {
    const before = this.detail;
    this.detail = step;
    this.loading = false;
    this.disarm();
    this.panel.dataset.state = "ready";
    this.panel.classList.remove("ro-blank");
    this.panel.removeAttribute("aria-busy");
    this.empty.hidden = this.lost.hidden = true;
    this.showParts(true);
    this.target.load(null);
    for (const area of [this.target, this.head, this.text, this.record, this.history]) area.show(step, before);
    this.difference.show(step.diff, this.differenceWords(step));
    this.showCopied();
    this.showActions();
    this.notices.warn(this.troubles.get(step.id));
    this.showElsewhere();
    this.keepFocus();
  }

  /** Buttons and form for what is on the screen now. */
  showActions() {
    if (!this.detail) return;
    const off = !this.ready || this.busy(this.detail.id);
    this.buttons.show(this.detail, off);
    turnOff(this.text.copyButton, !this.ready || this.detail.text === null);
    const verb = this.draft().form;
    if (this.ready && verb) this.form.show(this.detail, verb, off, this.draft().take);
    else this.form.hide();
    this.editing.show(this.detail.id === this.selected ? this.detail : null);
    const waiting = [...this.flights.values()].filter((flight) => flight.id === this.selected && !flight.released);
    this.actions.classList.toggle("ro-waiting", waiting.some((flight) => flight.slow || flight.late));
    if (waiting.some((flight) => flight.slow && !flight.late)) this.notices.tell(WORDS.saving);
  }

  showLoading() {
    this.panel.dataset.state = "loading";
    this.panel.setAttribute("aria-busy", "true");
    this.empty.hidden = this.lost.hidden = true;
    this.target.node.hidden = this.actions.hidden = false;
    this.panel.classList.toggle("ro-blank", !this.detail);
    this.target.load(WORDS.loading);
    this.disarm();
    this.showActions();
  }

  showEmpty() {
    ["rest", "load"].forEach((name) => this.stop(name));
    if (this.selected) this.leaveStep(0);
    this.detail = null;
    this.loading = false;
    this.panel.dataset.state = "empty";
    this.panel.removeAttribute("aria-busy");
    this.empty.hidden = false;
    this.lost.hidden = true;
    this.showParts(false);
  }

  showParts(shown) {
    for (const part of [this.target.node, this.body, this.actions]) part.hidden = !shown;
    if (!shown) this.actions.hidden = !this.offer && this.drops.length + this.troubles.size === 0;
    this.panel.classList.toggle("ro-nothing", !shown);
  }

  showLost(words) {
    this.dropHeld("lost");
    this.panel.dataset.state = "lost";
    this.target.load(null);
    this.lost.hidden = false;
    this.lost.replaceChildren(el("span", {}, words),
      el("button", { type: "button", class: "ro-button", onclick: () => this.reload() }, WORDS.tryAgain));
  }

  showOperator() {
    const operator = this.model.get("operator");
    say(this.operator, operator ? WORDS.actingAs(operator) : null);
  }

  showCopied() {
    const copied = this.copies.get(this.detail.id);
    if (copied !== undefined && copied !== this.detail.sha256) this.text.tell(WORDS.copyStale, "ro-bad");
    else if (copied === undefined || !this.detail.text) this.text.tell(null);
  }

  /** Several steps are selected in the matrix: its keys are not for the buttons here. */
  showMany(selected) {
    this.panel.classList.toggle("ro-many", selected > 0);
    say(this.buttons.many, selected ? WORDS.keysForMany(selected) : null);
  }

  showElsewhere() {
    this.notices.warnElsewhere([...this.troubles.values()].filter((trouble) => trouble.id !== this.selected));
  }

  /** A button that went away takes no focus with it; no other button gets it, lest a second Enter do something else. */
  keepFocus() {
    const active = this.root.getRootNode().activeElement;
    if (!active || !this.panel.contains(active) || active === this.panel) return;
    if (active.getClientRects().length === 0) this.panel.focus({ preventScroll: true });
  }

  firstAction() {
    const verbs = [...this.buttons.buttons.values()].filter((button) => !button.hidden && !isOff(button));
    return verbs[0] ?? (isOff(this.text.copyButton) ? this.buttons.next : this.text.copyButton);
  }

  focusStep() {
    if (this.body.hidden || !this.detail) this.panel.focus();
    else this.firstAction().focus();
  }

  // ------------------------------------------------------------ drafts

  draft() {
    return this.drafts.get(this.selected) ?? { note: "", reason: "", form: null, byKey: false, take: false, edit: null };
  }

  keepDraft(change = {}) {
    if (!this.selected) return;
    const draft = { ...this.draft(), where: this.where, note: this.note.value, reason: this.form.field.value, ...change };
    if (draft.note || draft.reason || draft.form || draft.edit) this.drafts.set(this.selected, draft);
    else this.drafts.delete(this.selected);
  }

  fillFields() {
    const draft = this.draft();
    this.note.value = draft.note;
    this.form.field.value = draft.reason;
  }

  /** Empty what was sent with a stored verb; what was typed since then, or is not in the record, stays. */
  emptyDraft(step, sent) {
    const { id } = step;
    const draft = this.drafts.get(id);
    if (!draft) return;
    const left = {
      ...draft,
      note: !sent || (draft.note === sent.note && isRecorded(sent.note, step)) ? "" : draft.note,
      reason: !sent || draft.reason === (sent.reason ?? draft.reason) ? "" : draft.reason,
      form: null,
      take: false,
    };
    this.drafts.set(id, left);
    if (id !== this.selected) return;
    if (this.note.value !== left.note) this.note.value = left.note;
    if (this.form.field.value !== left.reason) this.form.field.value = left.reason;
  }

  // ------------------------------------------------------------ presses and clicks

  press({ verb, id, typed = "" }) {
    if (id !== this.selected) return this.say("rest", id, { stored: false });
    this.perform(verb, true, typed);
  }

  /** Tell the matrix how the press stands: keys that come after it wait there. */
  say(type, id, more) {
    this.channel.say({ type, id, ...more });
  }

  /** A press on a step that is still loading is kept, one only, until that step has been painted. */
  hold(verb, byKey, typed = "") {
    const label = this.label(verb);
    if (this.advanced && this.loading) {
      this.notices.tell(WORDS.justMoved);
      return this.say("rest", this.selected, { stored: false });
    }
    if (!this.loading || this.panel.dataset.state === "lost") {
      if (this.selected) this.dropped(WORDS.notDone(label), `${this.where}: ${WORDS.because.lost}`);
      return this.say("rest", this.selected, { stored: false });
    }
    if (this.held) return this.notices.tell(WORDS.onePress(label));
    this.held = { verb, id: this.selected, byKey, typed, at: performance.now() };
    this.notices.tell(WORDS.waits(label));
    this.say("waiting", this.selected, { typing: TYPED_VERBS.includes(verb) });
    if (!this.asked) this.ask();
  }

  label(verb) {
    return WORDS.verbs[verb] ?? { copy: WORDS.copy, note: WORDS.note, edit: EDIT_WORDS.tools.update, add: EDIT_WORDS.tools.add }[verb] ?? verb;
  }

  doHeldPress() {
    const held = this.held;
    if (!held) return;
    afterPaint(() => {
      if (this.held !== held || !this.ready) return; // or it is being loaded once more, and comes here again
      this.held = null;
      this.notices.tell(null);
      const tooOld = performance.now() - held.at > WAIT.oldPress;
      if (!tooOld) return this.perform(held.verb, held.byKey, held.typed);
      this.notices.tell(WORDS.pressTooOld(this.label(held.verb)));
      this.say("rest", held.id, { stored: false });
    });
  }

  /** What is typed after a press that waits is meant for the field it opens. */
  typeAhead(key) {
    this.held.typed = typedOn(this.held.typed, key);
  }

  /** The press that waits is not done any more: say so where it stays. */
  dropHeld(why) {
    const { held } = this;
    if (!held) return;
    this.held = null;
    const typed = held.typed && ` ${WORDS.typedDropped(held.typed)}`;
    this.dropped(WORDS.notDone(this.label(held.verb)), `${this.where}: ${WORDS.because[why]}${typed}`);
    this.notices.tell(null);
    this.say("rest", held.id, { stored: false });
  }

  /** `typed`: what was typed and would be lost, as [what it is, text]. */
  dropped(title, text, typed = []) {
    this.showDrops((this.drops = [...this.drops, { title, text, typed }].slice(-DROPS_SHOWN)));
  }

  showDrops(drops) {
    this.notices.warnDropped(drops);
    if (drops.length) this.actions.hidden = false;
  }

  clicked(verb, byKey, event) {
    // the second click of a double click was meant for what stood here before
    if (event.detail > 1) return;
    if (!this.ready) return this.hold(verb, byKey);
    if (this.busy(this.ready.id)) return this.notices.tell(WORDS.stillSaving);
    if (!isOff(event.currentTarget)) this.perform(verb, byKey);
  }

  key(event) {
    if (event.key === "Escape") return this.escape(event);
    if (event.target === this.note && event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) {
      return this.taken(event, () => this.perform("mark_done", true));
    }
    const field = event.target.closest(LETTER_FIELDS);
    if (field || event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.held && TYPED_VERBS.includes(this.held.verb) && TYPED_KEY.test(event.key)) {
      return this.taken(event, () => this.typeAhead(event.key));
    }
    const key = event.key.toLowerCase();
    if (key === "j") return this.taken(event, () => this.next());
    if (!Object.hasOwn(KEYS, key) || this.body.hidden) return;
    this.taken(event, () => this.perform(KEYS[key], true));
  }

  taken(event, work) {
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat) work();
  }

  escape(event) {
    event.preventDefault();
    event.stopPropagation();
    if (this.held) return this.dropHeld("cancelled");
    if (this.armed) return this.disarm(true);
    if (this.editing.calm()) return;
    if (this.form.node.contains(event.target)) return this.cancelReason(true);
    if (this.editing.closeUntouched()) return;
    this.text.endByHand();
    this.channel.say({ type: "focus-matrix" });
  }

  /**
   * Everything an operator can do to the step on the screen goes through here, and the matrix hears when the press
   * ends without a verb on its way. `typed` is what was typed while the step was loading.
   */
  perform(verb, byKey, typed = "") {
    if (!this.ready) return this.hold(verb, byKey, typed);
    const { id } = this.ready;
    const refusal = this.refusal(verb, byKey);
    if (refusal) this.notices.tell(refusal);
    if (typed) this.useTyped(verb, typed);
    const stillOnItsWay = this.busy(id);
    if (!stillOnItsWay || refusal) this.say("rest", id, { stored: !refusal && verb === "copy" });
  }

  refusal(verb, byKey) {
    const now = performance.now();
    if (byKey && now < this.typingUntil) {
      this.typingUntil = now + WAIT.typing;
      return WORDS.typing;
    }
    const refusal = this.attempt(this.ready, verb, byKey);
    // who pressed "skip" blindly types the reason next: its letters must not become verbs
    if (refusal && byKey && WORDS.submit[verb]) this.typingUntil = now + WAIT.typing;
    return refusal;
  }

  useTyped(verb, typed) {
    const field = verb === "note" ? this.note : this.draft().form === verb && this.form.field;
    if (!field) return this.dropped(WORDS.typedDropped(typed), this.where);
    field.value += field.value && verb !== "note" ? ` ${typed}` : typed;
    this.keepDraft();
  }

  /** Do the verb, or ask for what it needs; gives back the words why not, if it cannot be. */
  attempt(step, verb, byKey) {
    if (this.draft().edit && verb !== "edit" && verb !== "add") return EDIT_WORDS.first;
    if (verb === "edit" || verb === "add") return this.editing.openByKey(verb, byKey);
    if (verb === "note") return this.note.focus();
    if (performance.now() - this.settledAt < WAIT.settle) return WORDS.justChanged;
    if (verb === "copy") return void this.copy(step);
    if (this.busy(step.id)) return WORDS.stillSaving;
    const offered = step.verbs.find((each) => each.verb === verb);
    if (!offered?.allowed) return offered?.why ?? WORDS.notPossible(WORDS.verbs[verb] ?? verb, STATUS_LABEL[step.status]);
    if (offered.reason !== "none") return this.openReason(verb, byKey);
    const question = this.question(step, verb);
    if (question && !this.confirmed(verb)) return this.arm(verb, question, byKey);
    this.submit(step, verb, null, byKey || Boolean(this.armed?.byKey));
    return null;
  }

  /** What must be asked before the verb is done, if anything. */
  question(step, verb) {
    const other = step.claim && !step.claim.mine ? step.claim.by : null;
    if (other) return verb === "mark_done" ? WORDS.finishOthers(other) : WORDS.startOthers(other);
    const copied = this.copies.get(step.id);
    return verb === "mark_done" && copied !== undefined && copied !== step.sha256 ? WORDS.doneStaleCopy : null;
  }

  arm(verb, question, byKey) {
    if (this.armed?.verb === verb) return;
    this.armed = { verb, byKey, at: performance.now() };
    this.buttons.arm(verb, question);
    this.notices.tell(WORDS.confirmHow);
    const button = this.buttons.buttons.get(verb);
    button.focus({ preventScroll: true });
    if (byKey) button.scrollIntoView({ block: "nearest" });
  }

  confirmed(verb) {
    return this.armed?.verb === verb && performance.now() - this.armed.at >= WAIT.confirm;
  }

  disarm(giveBack = false) {
    const armed = this.armed;
    if (!armed) return;
    this.armed = null;
    this.buttons.arm(null);
    this.notices.tell(null);
    this.showActions();
    if (giveBack && armed.byKey) this.channel.say({ type: "focus-matrix" });
  }

  /** `take`: reopening takes the template's text of today too. A note already typed is taken as the reason. */
  openReason(verb, byKey, take = false) {
    this.disarm();
    this.moveNote(this.note, this.form.field);
    this.keepDraft({ form: verb, byKey, take });
    this.form.lack(null);
    this.form.fromNote(this.noteMoved === this.selected);
    this.showActions();
    this.form.field.focus({ preventScroll: true });
    this.form.node.scrollIntoView({ block: "nearest" });
  }

  /** These verbs record one text: what stands in the note goes along in sight, or back. */
  moveNote(from, to) {
    if (to.value || !from.value.trim()) return;
    to.value = from.value;
    from.value = "";
    this.noteMoved = to === this.form.field ? this.selected : 0;
  }

  /** Close the form, keeping its words; Escape always leads back to the matrix. */
  cancelReason(toMatrix = this.draft().byKey) {
    const { form: verb } = this.draft();
    if (this.noteMoved === this.selected) this.moveNote(this.form.field, this.note);
    this.keepDraft({ form: null, take: false });
    this.form.hide();
    const opener = this.buttons.buttons.get(verb);
    if (opener && !opener.hidden) opener.focus({ preventScroll: true });
    if (toMatrix) this.channel.say({ type: "focus-matrix" });
  }

  submitReason(byKey, event) {
    if (event.detail > 1 || isOff(this.form.submit)) return;
    const step = this.ready;
    const { form: verb, byKey: openedByKey, take } = this.draft();
    const offered = step?.verbs.find((each) => each.verb === verb);
    if (!offered?.allowed || this.busy(step.id)) return;
    if (performance.now() - this.settledAt < WAIT.settle) return this.notices.tell(WORDS.justChanged);
    const reason = this.form.field.value.trim();
    if (offered.reason === "required" && !reason) {
      this.form.lack(WORDS.reasonMissing);
      return this.form.field.focus();
    }
    this.submit(step, verb, this.form.field.value, byKey || openedByKey, take ? { take_template: true } : {});
  }

  // ------------------------------------------------------------ verbs on their way

  busy(id) {
    return [...this.flights.values()].some((flight) => flight.id === id && !flight.released);
  }

  submit(step, verb, reason, byKey, more = {}) {
    const { row_version: version, sha256 } = step;
    const note = this.note.value;
    this.fly(step, { type: "verb", verb, version, sha256, note, reason, ...more }, { verb, reason, note, byKey });
  }

  /** Send what is to be stored about a step; until it is answered, nothing else is sent about it. */
  fly(step, message, more) {
    const request = ++this.requests;
    const { id } = step;
    const flight = { request, id, byKey: false, where: more.where ?? where(step), timers: [], ...more };
    this.disarm();
    this.flights.set(request, flight);
    this.say("waiting", id, { typing: false });
    this.settle(id);
    this.offer = null;
    this.notices.tell(null);
    const unanswered = () => this.unanswered(flight);
    flight.timers = [setTimeout(() => this.slow(flight), WAIT.slow), setTimeout(unanswered, WAIT.noAnswer)];
    this.showActions();
    this.send({ ...message, request, id }, unanswered);
  }

  slow(flight) {
    flight.slow = true;
    this.showActions();
  }

  unanswered(flight) {
    if (!this.flights.has(flight.request)) return;
    flight.late = true;
    this.trouble(flight.id, flight.where, "no_answer", "");
    this.showActions();
    this.say("rest", flight.id, { stored: false });
  }

  /** The verb of this request is answered: give it back, or nothing when it is not ours. */
  landed(request) {
    const flight = this.flights.get(request);
    if (!flight) return null;
    flight.timers.forEach(clearTimeout);
    this.flights.delete(request);
    this.notices.tell(null);
    return flight;
  }

  stored({ request, id, at, step, message, batch, added, gone }) {
    const flight = this.landed(request);
    this.troubles.delete(id);
    this.copies.delete(id);
    if (flight?.edit) this.editing.stored(id, flight.edit, step);
    else if (step) this.emptyDraft(step, flight);
    const lost = flight?.note && step && !isRecorded(flight.note, step);
    const text = `${at} · ${message}${lost ? ` ${WORDS.noteKept}` : ""}`;
    this.offer = batch ? { batch, id, text, where: flight?.where ?? this.where } : null;
    if (gone) return this.deleted(id);
    if (!step) return this.storedUnseen(id, text);
    const known = { id, version: step.row_version, status: step.status };
    const rest = { stored: true, step: known, edit: Boolean(flight?.edit), worked: Boolean(flight && !flight.edit && !flight.undo) };
    if (flight?.undo && !this.selected) this.select({ id, at: "link" });
    if (id !== this.selected) {
      this.showElsewhere();
      this.showActions();
      this.notices.tell(text, WORDS.storedElsewhere(where(step)), { undoable: Boolean(batch) });
      return this.say("rest", id, rest);
    }
    const typing = this.root.getRootNode().activeElement === this.note && this.note.value !== "";
    this.arrivedBy(step);
    this.notices.tell(text, WORDS.stored, { undoable: Boolean(batch), added });
    if (flight?.byKey && !typing) this.channel.say({ type: "focus-matrix" });
    this.say("rest", id, rest);
  }

  /** The step was deleted from here: what can be taken back is said where it was. */
  deleted(id) {
    const { offer } = this;
    this.drafts.delete(id);
    if (id === this.selected) this.showEmpty();
    this.offer = offer;
    if (offer) this.notices.tell(offer.text, WORDS.storedElsewhere(offer.where), { undoable: true });
    this.showParts(Boolean(this.detail));
    this.say("rest", id, { stored: true, edit: true });
  }

  /** It is stored, but could not be read back: what is on the screen is of before. */
  storedUnseen(id, text) {
    this.notices.tell(text, WORDS.stored, { undoable: Boolean(this.offer) });
    if (id === this.selected) this.reload();
    this.say("rest", id, { stored: true });
  }

  /** What was stored last can still be taken back from the next step, but not from the one after that. */
  carryOffer() {
    const { offer } = this;
    if (!offer || offer.carried) return void (this.offer = null);
    offer.carried = true;
    this.notices.tell(offer.text, WORDS.storedElsewhere(offer.where), { undoable: true });
  }

  /** It is not taken back yet, and still can be. */
  offerAgain(offer) {
    this.offer = offer;
    this.notices.tell(offer.text, offer.id === this.selected ? WORDS.stored : WORDS.storedElsewhere(offer.where), { undoable: true });
  }

  undo() {
    const { offer } = this;
    if (!offer || this.busy(offer.id)) return;
    this.fly({ id: offer.id }, { type: "undo", batch: offer.batch }, { where: offer.where, edit: {}, undo: offer });
    this.panel.focus({ preventScroll: true });
  }

  /** Go to a step: by the list beside the panel when it has it, and here in any case. */
  goTo(id) {
    this.channel.say({ type: "goto", id });
    this.select({ id, at: "link" });
  }

  /** A step that came with the answer to a verb is shown like a detail, unless a newer one is there. */
  arrivedBy(step) {
    if (this.detail?.id === step.id && step.row_version < this.detail.row_version) this.showActions();
    else this.arrived(step);
  }

  refused({ request, id, message, step }) {
    if (request === this.asked?.request) return this.notLoaded(message);
    const flight = this.landed(request);
    const about = flight?.id ?? id ?? step?.id;
    const before = this.ready;
    this.trouble(about, flight?.where ?? (step ? where(step) : ""), "refused", message);
    if (step && step.id === this.selected) {
      this.markChange(before, step);
      this.arrivedBy(step);
    }
    this.showActions();
    if (flight) this.say("rest", flight.id, { stored: false });
  }

  notSaved({ request, message }) {
    if (!request || request === this.editing.checking) return; // a look, which asks for nothing that could be lost
    if (request === this.asked?.request) return this.notLoaded(message);
    const flight = this.landed(request);
    if (flight) this.trouble(flight.id, flight.where, "not_saved", message);
    else if (this.selected) this.trouble(this.selected, "", "not_saved", message);
    if (flight?.undo) this.offerAgain(flight.undo);
    this.showActions();
    if (flight) this.say("rest", flight.id, { stored: false });
  }

  trouble(id, place, kind, message) {
    this.troubles.set(id, { id, where: place, kind, message });
    if (id === this.selected) {
      this.notices.tell(null);
      this.notices.warn(this.troubles.get(id));
    }
    this.showElsewhere();
  }

  /** The trouble with this step is seen to. */
  settle(id) {
    this.troubles.delete(id);
    if (id === this.selected) this.notices.warn(null);
    this.showElsewhere();
  }

  // ------------------------------------------------------------ the next step

  /** Go on: where a list stands beside the panel it knows what is next, else Python does. */
  next() {
    if (!this.model.get("walks")) return this.channel.say({ type: "next" });
    if (!this.selected) return;
    this.walking = ++this.requests;
    this.send({ type: "next", request: this.walking, id: this.selected }, () => this.notices.tell(WORDS.loadFailed));
  }

  goOn({ request, id }) {
    if (request !== this.walking) return;
    if (!id) return this.notices.tell(WORDS.noNext);
    this.select({ id, at: "link" });
    this.panel.focus({ preventScroll: true });
  }

  /** The page's address leads to the step that is open. */
  nameInAddress(id) {
    const address = new URL(window.location.href);
    address.searchParams.set("step", id);
    if (address.href !== window.location.href) window.history.replaceState(window.history.state, "", address);
  }

  /** No address leads to a step that is no more, whoever wrote it there. */
  forgetInAddress(id) {
    const address = new URL(window.location.href);
    if (address.searchParams.get("step") !== String(id)) return;
    address.searchParams.delete("step");
    window.history.replaceState(window.history.state, "", address);
  }

  // ------------------------------------------------------------ changed by somebody else

  /** Ask whether anything differs from what is on the screen; Python answers only if so. */
  look() {
    const unanswered = this.panel.dataset.state === "lost" || [...this.flights.values()].some((flight) => flight.late);
    if (document.visibilityState !== "visible" || unanswered) return;
    this.showOutdated();
    // one look at a time: a database that is slow to answer gets no queue of them
    if (this.lookedAt && performance.now() - this.lookedAt < 4 * WAIT.noLook) return;
    this.lookedAt = performance.now();
    const seen = this.ready && !this.busy(this.ready.id) ? this.ready : null;
    const [id, version, sha256] = [seen?.id ?? null, seen?.row_version ?? null, seen?.sha256 ?? null];
    this.send({ type: "look", request: 0, id, version, sha256, typed: this.drafted() }, () => {});
  }

  /** The steps for which something typed waits, as many as a look may name. */
  drafted() {
    const waiting = [...this.drafts].filter(([id, draft]) => !this.busy(id) && this.typedOf(draft).length > 0);
    return waiting.map(([id]) => id).slice(-DRAFTS_LOOKED_AFTER);
  }

  looked() {
    this.lookedAt = 0;
    this.showOutdated();
  }

  showOutdated() {
    const late = this.lookedAt && performance.now() - this.lookedAt > WAIT.noLook;
    say(this.outdated, this.model.get("trouble") || (late ? WORDS.notLooked : null));
  }

  /** Somebody deleted the step that is on the screen, or one for which something typed waits: that is shown here. */
  gone(id) {
    if (this.busy(id) || (id !== this.selected && !this.drafts.has(id))) return;
    const open = id === this.selected;
    const draft = this.drafts.get(id);
    this.drafts.delete(id);
    this.troubles.delete(id);
    const place = draft?.where || this.where;
    if (open) this.showEmpty();
    this.forgetInAddress(id);
    this.dropped(WORDS.gone, WORDS.goneHow(place), draft ? this.typedOf(draft) : []);
    this.showElsewhere();
  }

  /** What was typed for a step, as [what it is, text]. */
  typedOf({ note, reason, edit }) {
    const { name, content } = this.editing.isDirty(edit) ? edit : {};
    const typed = { note, reason, name: name === edit?.base.name ? "" : name, content };
    return Object.entries(typed).filter(([, text]) => text?.trim()).map(([what, text]) => [WORDS.lostTyped[what], text]);
  }

  changed(step) {
    const before = this.ready;
    if (before?.id !== step.id || step.row_version < before.row_version) return;
    const news = this.news(before, step);
    this.markChange(before, step);
    this.arrived(step);
    if (news) this.notices.tell(news);
  }

  /** A press within the blink after a change was meant for what was on the screen before. */
  markChange(before, step) {
    if (!before || before.id !== step.id) return;
    const same = before.status === step.status && before.sha256 === step.sha256 && before.claim?.by === step.claim?.by &&
      before.member_state === step.member_state && before.release.status === step.release.status;
    if (!same) this.settledAt = performance.now();
  }

  differenceWords(step) {
    const { diff } = EDIT_WORDS;
    if (step.diff?.length === 0) return diff.same;
    return step.source.kind === "overridden" ? diff.overridden : diff.behind;
  }

  news(before, step) {
    const last = step.history.at(-1);
    const more = step.history.length > before.history.length;
    if (before.member_state !== step.member_state) return WORDS.memberNow[step.member_state];
    if (before.release.status !== step.release.status) return WORDS.releaseNow(step.release.status);
    if (more) return WORDS.changedBy(last.operator, actionWords(last.action), last.at);
    if (before.sha256 !== step.sha256) return WORDS.changedText;
    return step.row_version > before.row_version ? WORDS.changed : null;
  }

  // ------------------------------------------------------------ copying

  async copy(step) {
    if (step.text === null) return this.text.tell(WORDS.copyOff, "ro-bad");
    const { id, text, sha256 } = step;
    const copied = () => {
      this.copies.set(id, sha256);
      this.look();
      if (this.ready?.id === id) this.text.tell(WORDS.copied([...text].length, sha256), "ro-ok");
    };
    if (await copyText(text, this.panel)) return copied();
    if (this.ready?.id !== id || this.ready.text !== text) return;
    const back = focused();
    this.text.tell(WORDS.copyByHand, "ro-bad");
    this.text.byHand(text, () => {
      copied();
      back?.focus?.({ preventScroll: true });
    });
  }
}

export default {
  /** Draw the panel into `root`; gives back what takes it away again. */
  render({ model, el: root }) {
    const panel = new StepPanel(model, root);
    return () => panel.close();
  },
};
