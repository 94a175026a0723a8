// The order of a release's step templates: the deploy and the verify list side by side.
// An order is changed by drag, by the buttons or by Alt + arrow; Python stores it or says why not.

const ORDER_WORDS = {
  title: { deploy: "Deploy", verify: "Verify" },
  list: { deploy: "Deploy steps", verify: "Verify steps" },
  add: { deploy: "New deploy step", verify: "New verify step" },
  none: { deploy: "No deploy step yet.", verify: "No verify step yet." },
  up: { deploy: "Move up the deploy step", verify: "Move up the verify step" },
  down: { deploy: "Move down the deploy step", verify: "Move down the verify step" },
  upShown: "↑ Up",
  downShown: "↓ Down",
  how: "Drag a step, or move the selected one with Alt + ↑ and Alt + ↓.",
  required: "required",
  overridden: (n) => `${n.toLocaleString("en")} overridden`,
  executed: (n) => `${n.toLocaleString("en")} executed`,
  unsaved: "not saved",
  retired: (n) => (n === 1 ? "1 retired step" : `${n} retired steps`),
  undo: "Undo",
  saving: "Saving the order …",
  noAnswer: "No answer yet: not known to be saved. Reload the page before you go on.",
};

const CATEGORIES = ["deploy", "verify"];
const REST_MS = 200; // a held arrow key opens only the step it stops at
const NO_ANSWER_MS = 10_000;

function render({ model, el: host }) {
  const lists = {};
  const stop = [];
  const now = { request: 0, answered: 0, dragged: null, late: false, resting: 0, waiting: 0, undo: null };
  const said = el("span", { role: "status" });
  const refused = el("span", { role: "alert" });
  const undo = el("button", { type: "button", class: "ro-order-undo", hidden: true, onclick: takeBack }, ORDER_WORDS.undo);
  const retired = el("div", { class: "ro-order-retired" });

  for (const category of CATEGORIES) lists[category] = listOf(category);
  host.append(
    el("div", { class: "ro-order" }, ...CATEGORIES.map((category) => lists[category].section)),
    el("div", { class: "ro-order-said" }, said, refused, undo),
    retired,
  );

  function listOf(category) {
    const list = { category, steps: [] };
    list.count = el("span", { class: "ro-order-count" });
    list.add = el("button", { type: "button", onclick: () => model.send({ type: "new", category }) }, ORDER_WORDS.add[category]);
    list.box = el("ul", {
      role: "listbox", tabindex: "0", "aria-label": ORDER_WORDS.list[category], class: "ro-order-list",
      onkeydown: (event) => pressed(event, list), ondragover: (event) => over(event, list),
      ondrop: (event) => dropped(event, list), ondragleave: (event) => left(event, list),
    });
    list.none = el("p", { class: "ro-order-none" }, ORDER_WORDS.none[category]);
    list.up = moveButton(list, -1, ORDER_WORDS.up[category], ORDER_WORDS.upShown);
    list.down = moveButton(list, 1, ORDER_WORDS.down[category], ORDER_WORDS.downShown);
    const title = el("h2", {}, ORDER_WORDS.title[category], " ", list.count);
    list.tools = el("div", { class: "ro-order-tools" }, list.add, list.up, list.down);
    list.section = el("section", { "aria-label": ORDER_WORDS.title[category] }, title, list.box, list.none, list.tools);
    return list;
  }

  function moveButton(list, by, name, shown) {
    return el("button", { type: "button", "aria-label": name, title: ORDER_WORDS.how, onclick: () => moveSelected(list, by) }, shown);
  }

  function draw() {
    if (now.dragged) { // a list that is redrawn under a drag would lose it
      now.late = true;
      return;
    }
    const fixed = model.get("fixed");
    for (const list of Object.values(lists)) {
      list.steps = model.get("lists")[list.category] ?? [];
      drawList(list, fixed);
    }
    drawRetired();
  }

  function drawList(list, fixed) {
    const selected = model.get("selected");
    list.count.textContent = String(list.steps.length);
    list.box.hidden = list.steps.length === 0;
    list.none.hidden = list.steps.length > 0;
    list.box.replaceChildren(...list.steps.map((step, at) => row(list, step, at, fixed)));
    const at = list.steps.findIndex((step) => step.id === selected);
    if (at >= 0) list.box.setAttribute("aria-activedescendant", `ro-order-${selected}`);
    else list.box.removeAttribute("aria-activedescendant");
    list.tools.hidden = fixed;
    list.up.disabled = at <= 0;
    list.down.disabled = at < 0 || at === list.steps.length - 1;
  }

  function row(list, step, at, fixed) {
    const marks = marksOf(step);
    const said = [step.type, ...marks.map(([, text]) => text)].join(", ");
    return el("li", {
      id: `ro-order-${step.id}`, role: "option", draggable: fixed ? "false" : "true", title: step.name,
      "aria-selected": String(step.id === model.get("selected")), "aria-label": `${at + 1}. ${step.name}: ${said}`,
      onclick: () => select(step.id), ondragstart: (event) => grabbed(event, list, step), ondragend: released,
    },
    fixed ? null : el("span", { class: "ro-order-grip", "aria-hidden": "true" }, "⠿"),
    el("span", { class: "ro-order-no" }, String(at + 1)),
    el("span", { class: "ro-order-name" }, step.name),
    el("span", { class: "ro-order-marks" },
      el("i", { class: "type" }, step.type), ...marks.map(([kind, text]) => el("i", { class: kind }, text))));
  }

  function marksOf(step) {
    return [
      step.unsaved && ["unsaved", ORDER_WORDS.unsaved],
      step.required && ["required", ORDER_WORDS.required],
      step.overridden && ["overridden", ORDER_WORDS.overridden(step.overridden)],
      step.executed && ["executed", ORDER_WORDS.executed(step.executed)],
    ].filter(Boolean);
  }

  function drawRetired() {
    const names = model.get("lists").retired ?? [];
    const rows = names.map((name) => el("li", {}, name));
    const folded = el("details", {}, el("summary", {}, ORDER_WORDS.retired(names.length)), el("ul", {}, ...rows));
    retired.replaceChildren(...(names.length ? [folded] : []));
  }

  function select(id) {
    clearTimeout(now.resting);
    if (id === model.get("selected")) return;
    model.set("selected", id);
    model.send({ type: "select", id });
  }

  function selectAfterRest(list, step) {
    clearTimeout(now.resting);
    for (const option of list.box.children) option.setAttribute("aria-selected", String(option.id === `ro-order-${step.id}`));
    list.box.setAttribute("aria-activedescendant", `ro-order-${step.id}`);
    list.box.querySelector(`[aria-selected="true"]`)?.scrollIntoView({ block: "nearest" });
    now.resting = setTimeout(() => select(step.id), REST_MS);
  }

  function pressed(event, list) {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const end = { Home: 0, End: list.steps.length - 1 }[event.key];
    if (event.ctrlKey || event.metaKey || event.shiftKey || (by === undefined && end === undefined)) return;
    event.preventDefault();
    if (event.altKey) {
      if (by !== undefined) moveSelected(list, by);
      return;
    }
    const to = end ?? Math.min(Math.max(activeIn(list) + by, 0), list.steps.length - 1);
    if (list.steps[to]) selectAfterRest(list, list.steps[to]);
  }

  function activeIn(list) {
    const active = list.box.getAttribute("aria-activedescendant");
    return list.steps.findIndex((step) => `ro-order-${step.id}` === active);
  }

  function moveSelected(list, by) {
    if (model.get("fixed")) return;
    const from = activeIn(list);
    if (from < 0 || !list.steps[from + by]) return;
    select(list.steps[from].id);
    place(list, from, from + by);
  }

  /** Put the step at `from` to the place `to`, on the screen at once; Python then says what was stored. */
  function place(list, from, to) {
    const before = list.steps.map((step) => step.id);
    const steps = [...list.steps];
    steps.splice(to, 0, ...steps.splice(from, 1));
    list.steps = steps;
    drawList(list, false);
    list.box.querySelector(`[aria-selected="true"]`)?.scrollIntoView({ block: "nearest" });
    ask({ type: "order", category: list.category, before, ids: steps.map((step) => step.id) });
  }

  function ask(message) {
    now.request += 1;
    say(ORDER_WORDS.saving, "", null);
    clearTimeout(now.waiting);
    now.waiting = setTimeout(() => say("", ORDER_WORDS.noAnswer, null), NO_ANSWER_MS);
    model.send({ ...message, request: now.request });
  }

  function takeBack() {
    if (now.undo !== null) ask({ type: "undo", batch: now.undo });
  }

  function say(text, refusal, batch) {
    said.textContent = text;
    refused.textContent = refusal;
    now.undo = batch;
    undo.hidden = batch === null;
  }

  function grabbed(event, list, step) {
    now.dragged = { list, id: step.id };
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", `#${step.id}`); // a name must not be dropped anywhere else
    event.currentTarget.classList.add("dragged");
  }

  function released() {
    now.dragged = null;
    clearMarks();
    if (now.late) {
      now.late = false;
      draw();
    } else {
      for (const list of Object.values(lists)) drawList(list, model.get("fixed"));
    }
  }

  function over(event, list) {
    if (!now.dragged || now.dragged.list !== list) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "move";
    clearMarks();
    const { option, after } = target(event, list);
    option?.classList.add(after ? "drop-after" : "drop-before");
  }

  function left(event, list) {
    if (!list.box.contains(event.relatedTarget)) clearMarks();
  }

  /** The option the pointer is at, and which half of it; below the last one, the end. */
  function target(event, list) {
    const options = [...list.box.children];
    for (const option of options) {
      const box = option.getBoundingClientRect();
      if (event.clientY < box.top + box.height / 2) return { option, after: false, at: options.indexOf(option) };
    }
    return { option: options.at(-1), after: true, at: options.length };
  }

  function dropped(event, list) {
    event.preventDefault();
    if (!now.dragged || now.dragged.list !== list) return;
    const from = list.steps.findIndex((step) => step.id === now.dragged.id);
    const { at } = target(event, list);
    now.dragged = null;
    clearMarks();
    const to = at > from ? at - 1 : at;
    if (from >= 0 && to !== from) place(list, from, to);
  }

  function clearMarks() {
    for (const option of host.querySelectorAll(".drop-before, .drop-after, .dragged")) {
      option.classList.remove("drop-before", "drop-after", "dragged");
    }
  }

  function answered(message) {
    if (message.request !== now.request) return; // a later move is on its way, its answer counts
    clearTimeout(now.waiting);
    model.set("lists", message.lists); // a refused order is not the stored one: show that anew
    draw();
    say(message.refused ? "" : message.message, message.refused ? message.message : "", message.batch ?? null);
  }

  function address() {
    draw();
    const url = new URL(window.location.href);
    const id = model.get("selected");
    url.searchParams.set("release", String(model.get("release")));
    if (id) url.searchParams.set("template", String(id));
    else url.searchParams.delete("template");
    if (url.href !== window.location.href) window.history.replaceState(window.history.state, "", url);
  }

  const follow = [["change:lists", draw], ["change:fixed", draw], ["change:selected", address], ["msg:custom", answered]];
  for (const [event, handler] of follow) {
    model.on(event, handler);
    stop.push(() => model.off(event, handler));
  }
  address();
  return () => {
    clearTimeout(now.resting);
    clearTimeout(now.waiting);
    for (const each of stop) each();
  };
}

export default { render };
