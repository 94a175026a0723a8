// What stands above the grid: how far the release is, the filters, the help.

const CLAIM_LABEL = { mine: "by me", others: "by others" };

/**
 * How far the release is, and the filters. `on` has `filter(filter)`, `again()`, `leave()` and `help()`.
 * The counts by status are buttons: pressed, only customers and steps with such a cell stay.
 */
class Bar {
  constructor(on) {
    this.on = on;
    this.current = new Filter();
    this.name = el("strong", { class: "ro-release" });
    this.version = el("span", { class: "ro-version" });
    this.meter = el("span", { class: "ro-bar ro-bar-release" });
    this.percent = el("b", { class: "ro-percent" });
    this.words = el("span", { class: "ro-words" });
    this.query = el("input", {
      type: "search", class: "ro-filter", placeholder: "Filter customers, steps", title: "Filter (key: /)",
      "aria-label": "Filter customers and steps", autocomplete: "off", spellcheck: "false",
      oninput: () => this.change({ query: this.query.value }), onkeydown: (event) => this.leave(event),
    });
    this.help = el("button", {
      type: "button", class: "ro-help-button", "aria-label": "Keys and signs", title: "Keys and signs (?)",
      "aria-expanded": "false", onclick: () => on.help(),
    }, "?");
    this.statuses = STATUS_FILTERS.map((status) => this.newStatus(status));
    this.cluster = this.newChoice("Cluster", (value) => ({ cluster: value === "" ? null : Number(value) }));
    this.category = this.newChoice("Category", (value) => ({ category: value || null }));
    this.held = el("input", { type: "checkbox", onchange: () => this.change({ hideHeld: !this.held.checked }) });
    this.heldWords = el("span");
    this.heldLabel = el("label", { class: "ro-check" }, this.held, this.heldWords);
    this.found = el("span", { class: "ro-found", role: "status" });
    this.again = el("button", { type: "button", class: "ro-link", hidden: true, onclick: () => on.again() }, "Filter again");
    this.chips = el("ul", { class: "ro-active", "aria-label": "Filters in force" });
    this.all = el("button", { type: "button", class: "ro-link", onclick: () => this.clear() }, "Clear all filters");
    this.note = el("p", { class: "ro-warned", role: "status", hidden: true });
    this.build();
  }
  build() {
    const progress = [this.name, this.version, this.meter, this.percent, this.words];
    const list = el("ul", { class: "ro-chips", "aria-label": "Steps by status" }, this.statuses.map((one) => one.node));
    this.narrowed = el("div", { class: "ro-line ro-narrowed", hidden: true }, this.found, this.again, this.chips, this.all);
    this.node = el("header", { class: "ro-top" },
      el("div", { class: "ro-line" }, progress, this.query, this.help),
      el("div", { class: "ro-line ro-filters" }, list, this.cluster, this.category, this.heldLabel),
      this.narrowed, this.note);
  }
  /** Say what of an address's filter was not understood. */
  say(text) {
    write(this.note, text);
    show(this.note, Boolean(text));
  }
  newStatus(status) {
    const count = el("b");
    const icon = STATUS.includes(status) ? statusIcon(status) : null;
    const button = el("button", {
      type: "button", class: "ro-chip", "aria-pressed": "false", title: `Show only what has a step ${FILTER_LABEL[status]}`,
      onclick: () => this.set(this.current.toggled(status)),
    }, icon, count, el("span", {}, STATUS_LABEL[status] ?? CLAIM_LABEL[status]));
    return { node: el("li", {}, button), button, count, status };
  }
  newChoice(label, changeOf) {
    const choice = el("select", { class: "ro-select", "aria-label": label });
    choice.addEventListener("change", () => this.change(changeOf(choice.value)));
    return choice;
  }
  change(change) {
    this.set(this.current.with(change));
  }
  set(filter) {
    this.current = filter;
    this.on.filter(filter);
  }
  clear() {
    this.set(new Filter());
    this.query.focus();
  }
  leave(event) {
    if (event.key === "Escape" && this.query.value) this.change({ query: "" });
    else if (!["Escape", "Enter", "ArrowDown"].includes(event.key)) return;
    else this.on.leave();
    event.preventDefault();
    event.stopPropagation();
  }
  draw(view) {
    const { board, layout, filter } = view;
    this.current = filter;
    this.drawProgress(board);
    this.drawFilters(board, filter);
    this.narrowed.hidden = !filter.narrows;
    if (!filter.narrows) return;
    write(this.found, foundWords(board, layout.found));
    show(this.again, view.outdated);
    this.drawChips(board, filter);
  }
  drawProgress(board) {
    const progress = board.ofRelease.of(0);
    write(this.name, board.release.name);
    write(this.version, board.release.version ?? "");
    this.name.title = [board.release.name, board.release.version].filter(Boolean).join(" ");
    write(this.percent, percent(progress));
    write(this.words, `${figure(progress.closed)} of ${figure(progress.total)} done or skipped`);
    this.percent.title = progressWords(progress);
    this.meter.style.background = bar(progress);
    for (const { node, count, status } of this.statuses) {
      const number = this.countOf(board, progress, status);
      write(count, figure(number));
      node.classList.toggle("ro-zero", !number);
    }
  }
  countOf(board, { counts }, status) {
    if (STATUS.includes(status)) return counts[STATUS.indexOf(status)];
    return status === "others" ? board.claimed : counts[IN_PROGRESS] - board.claimed;
  }
  drawFilters(board, filter) {
    if (this.query.value !== filter.query) this.query.value = filter.query;
    for (const { node, button, count, status } of this.statuses) {
      const pressed = filter.statuses.has(status);
      button.setAttribute("aria-pressed", String(pressed));
      const always = STATUS.includes(status);
      node.hidden = !always && !pressed && count.textContent === "0";
    }
    const clusters = board.clusters.map(({ id, name }) => [id, name]);
    offer(this.cluster, [["", "All clusters"], ...clusters], filter.cluster ?? "");
    offer(this.category, [["", "Both categories"], ...Object.entries(CATEGORY_LABEL)], filter.category ?? "");
    show(this.heldLabel, board.heldCustomers > 0 || filter.hideHeld);
    this.held.checked = !filter.hideHeld;
    write(this.heldWords, `show ${figure(board.heldCustomers)} on hold`);
    this.heldLabel.title = "customers on hold; their steps are not counted";
  }
  drawChips(board, filter) {
    const { query, cluster, category, statuses, hideHeld } = filter;
    const name = board.clusters.find(({ id }) => id === cluster)?.name;
    const chips = [
      query.trim() && [`text: ${query.trim()}`, { query: "" }],
      cluster !== null && [`cluster: ${name ?? cluster}`, { cluster: null }],
      category && [`category: ${CATEGORY_LABEL[category]}`, { category: null }],
      ...STATUS_FILTERS.filter((status) => statuses.has(status)).map((status) => [
        `status: ${FILTER_LABEL[status]}`, { statuses: filter.toggled(status).statuses }]),
      hideHeld && ["on hold: not shown", { hideHeld: false }],
    ].filter(Boolean);
    const key = JSON.stringify(chips.map(([words]) => words));
    if (this.chipsKey === key) return;
    this.chipsKey = key;
    this.chips.replaceChildren(...chips.map(([words, change]) => el("li", {}, el("button", {
      type: "button", class: "ro-remove", "aria-label": `Remove the filter ${words}`, onclick: () => this.change(change),
    }, words, el("span", { "aria-hidden": "true" }, "×")))));
  }
}

/** Let `choice` offer these `[value, words]`, with `value` chosen. */
function offer(choice, options, value) {
  const key = JSON.stringify(options);
  if (choice.dataset.offered !== key) {
    choice.dataset.offered = key;
    choice.replaceChildren(...options.map(([each, words]) => el("option", { value: each }, words)));
  }
  if (choice.value !== String(value)) choice.value = String(value);
}

/** "18 of 60 customers, 12 of 40 steps": what a filter leaves. */
function foundWords(board, { customers, rows }) {
  const parts = [[customers, board.customers, "customers"], [rows, board.rows, "steps"]];
  return parts.map(([some, all, name]) => `${figure(some.length)} of ${figure(all.length)} ${name}`).join(", ");
}

/** Who was removed from the release: no columns, but not forgotten. */
class Removed {
  constructor() {
    this.words = el("summary");
    this.list = el("ul");
    this.node = el("details", { class: "ro-removed", hidden: true }, this.words, this.list);
  }
  draw({ removed }) {
    if (this.drawn === removed) return;
    this.drawn = removed;
    show(this.node, removed.length > 0);
    write(this.words, `${figure(removed.length)} removed ${removed.length === 1 ? "customer" : "customers"}`);
    this.list.replaceChildren(...removed.map(({ name, where, reason }) => el("li", {},
      el("b", {}, name), el("span", {}, where), reason ? el("q", {}, reason) : null)));
  }
}

const KEY_HELP = [
  ["← ↑ → ↓", "move"],
  ["Home End", "first, last customer"],
  ["Ctrl Home, Ctrl End", "first, last cell"],
  ["Page ↑ ↓", "a screen of steps"],
  ["j", "next open step"],
  ["Enter", "to the step panel"],
  ["d", "done"], ["b", "begin"], ["f", "failed"], ["s", "skip"], ["r", "reverted"], ["o", "open again"],
  ["c", "copy the text"], ["n", "note"], ["e", "edit the text"], ["a", "add a custom step"],
  ["x, Shift x", "collapse or expand the cluster, all clusters"],
  ["v", "collapse or expand the category"],
  ["/", "filter"],
  ["?", "this help"],
  ["Esc", "drop the keys pressed ahead, close a panel, select one only"],
];

const SELECT_HELP = [
  ["Shift with a move", "from here to there"],
  ["Shift Space", "the step for all customers shown"],
  ["Ctrl Space", "all steps of the customer"],
  ["Ctrl a", "all that is shown"],
  ["Ctrl ← ↑ → ↓", "move and keep the selection"],
  ["Space", "add the cell, or take it out"],
  ["Click on a name", "that step, that customer"],
  ["Shift, Ctrl click", "a range, one more"],
  ["d b f s r o", "what to do to all: asks first"],
];

/** The keys and what every shape and mark stands for. */
function helpPanel(onclose) {
  const sample = (names) => el("span", { class: `ro-cell ro-sample ${names}`, "aria-hidden": "true" });
  const sign = (names, label) => el("li", {}, sample(names), label);
  const keys = (list) => el("dl", {}, list.flatMap(([key, what]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, what)]));
  const shapes = STATUS.map((status) => sign(`ro-is-${status}`, STATUS_LABEL[status]));
  const marks = MARKS.map(([bit, label]) => sign(`ro-is-${bit === CLAIMED ? "in_progress" : "pending"} ro-marked ro-mark-${bit}`, label));
  const others = [
    sign("ro-none", "no step for this customer"), sign("ro-is-pending ro-at-held", "customer held"),
    sign("ro-is-pending ro-at-picked", "selected with others"), sign("ro-is-done ro-at-dim", "not what the filter asks for"),
  ];
  const close = el("button", { type: "button", class: "ro-help-close", "aria-label": "Close", onclick: onclose }, "×");
  return el("section", { class: "ro-help", role: "region", "aria-label": "Keys and signs" },
    close,
    el("div", {}, el("h3", {}, "Keys"), keys(KEY_HELP)),
    el("div", {}, el("h3", {}, "Several steps at once"), keys(SELECT_HELP)),
    el("div", {}, el("h3", {}, "Status"), el("ul", {}, shapes), el("h3", {}, "Marks"), el("ul", {}, marks, others)));
}
