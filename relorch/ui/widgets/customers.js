// Customers by cluster, with checkboxes to choose many or as a tree to pick one. Only what is in view is in the document.

/** Heights in pixels; the style sheet gets them as custom properties. */
const PX = { cluster: 34, customer: 30 };
/** Rows drawn above and below the view. */
const AROUND = 6;
const FILTER_AFTER_MS = 250;
const PAGE_ROWS = 10;

/** What was folded and scrolled, by model: a second render of one model goes on where the first one was. */
const remembered = new WeakMap();

const figure = new Intl.NumberFormat("en").format;
const counted = (count, noun) => `${figure(count)} ${noun}${count === 1 ? "" : "s"}`;

// ---- data -----------------------------------------------------------------------------------------------------

/** Give the clusters of `offered` with their customers in them, and what a filter looks at. */
function readOffer(offered) {
  const clusters = (offered.clusters ?? []).map((cluster) => ({ ...cluster, customers: [] }));
  const byId = new Map(clusters.map((cluster) => [cluster.id, cluster]));
  const customers = (offered.customers ?? []).map((customer) => ({ ...customer, searched: searchText(customer) }));
  for (const customer of customers) byId.get(customer.cluster_id).customers.push(customer);
  for (const cluster of clusters) cluster.searched = `${cluster.name}\n${cluster.state ?? ""}`.toLowerCase();
  return { clusters, customers };
}

function searchText({ name, cluster_name: cluster, namespace, version, state }) {
  return [name, `${cluster}/${namespace}`, version, state].filter(Boolean).join("\n").toLowerCase();
}

/** Give rows from top to bottom with their places: each cluster that the filter leaves, and its customers under it. */
function layOut(offer, filter, folded) {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (thing) => words.every((word) => thing.searched.includes(word));
  const [groups, rows] = [[], []];
  let y = 0;
  const add = (row, height) => {
    rows.push({ ...row, y, height, at: rows.length });
    y += height;
  };
  for (const cluster of offer.clusters) {
    const shown = cluster.customers.filter(fits);
    if (!shown.length && (cluster.customers.length || !fits(cluster))) continue;
    const group = { cluster, shown, folded: folded.has(cluster.id) };
    groups.push(group);
    add({ key: `cluster ${cluster.id}`, group, place: [groups.length, 0] }, PX.cluster);
    if (!group.folded) shown.forEach((customer, at) => add({ key: `customer ${customer.id}`, group, customer, place: [at + 1, shown.length] }, PX.customer));
  }
  for (const row of rows) if (!row.customer) row.place[1] = groups.length;
  return { groups, rows, height: y, shown: groups.flatMap((group) => group.shown), filtered: words.length > 0 };
}

/** Give the first row whose end lies below `y`. */
function firstBelow(rows, y) {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].y + rows[middle].height <= y) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How many of `customers` are chosen, and how many could be. */
function tally(customers, chosen) {
  const open = customers.filter((customer) => !customer.off);
  return { chosen: open.filter((customer) => chosen.has(customer.id)).length, of: open.length };
}

// ---- small drawing --------------------------------------------------------------------------------------------

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function setBox(box, { chosen, of }) {
  box.checked = of > 0 && chosen === of;
  box.indeterminate = chosen > 0 && chosen < of;
  box.setAttribute("aria-disabled", String(of === 0));
}

const customerWords = ({ name, cluster_name: cluster, namespace, version, state, off }) =>
  [name, `${cluster}/${namespace}`, version, state, off].filter(Boolean).join(", ");

function customerFace({ name, namespace, version, state, off }) {
  return [
    el("b", { class: "ro-who" }, name),
    el("span", { class: "ro-where" }, namespace),
    version && el("span", { class: "ro-version" }, version),
    state && el("span", { class: "ro-chip" }, state),
    off && el("span", { class: "ro-off" }, off),
  ];
}

// ---- rows: one kind for checkboxes, one for the tree ------------------------------------------------------------

/** A row of checkboxes: the box is what has the focus. */
function boxRow(row, list) {
  const box = el("input", { type: "checkbox", tabindex: -1, onchange: () => list.tick(row.key, box) });
  box.addEventListener("click", (event) => {
    if (box.getAttribute("aria-disabled") === "true") event.preventDefault();
  });
  return row.customer ? boxOfCustomer(row, box) : boxOfCluster(row, box, list);
}

function boxOfCustomer({ customer }, box) {
  box.setAttribute("aria-label", customerWords(customer));
  const label = el("label", { title: customerWords(customer) }, box, customerFace(customer));
  const node = el("div", { class: `ro-row ro-customer${customer.off ? " ro-is-off" : ""}` }, label);
  const update = (_row, list) => {
    setBox(box, tally([customer], list.chosen));
    node.classList.toggle("ro-chosen", box.checked);
  };
  return { node, target: box, update };
}

function boxOfCluster({ group }, box, list) {
  const { cluster } = group;
  const fold = el("button", { class: "ro-fold", type: "button", tabindex: -1, onclick: () => list.fold(cluster.id) });
  const count = el("span", { class: "ro-count" });
  const label = el("label", {}, box, el("strong", {}, cluster.name), cluster.state && el("span", { class: "ro-chip" }, cluster.state));
  const node = el("div", { class: "ro-row ro-cluster" }, fold, label, count);
  const update = (row) => {
    const now = tally(row.group.shown, list.chosen);
    const words = `${figure(now.chosen)} of ${figure(now.of)}${list.layout.filtered ? " shown" : ""}`;
    setBox(box, now);
    write(count, words);
    box.setAttribute("aria-label", `Cluster ${cluster.name}, ${words} selected`);
    fold.setAttribute("aria-expanded", String(!row.group.folded));
    fold.setAttribute("aria-label", `${row.group.folded ? "Expand" : "Collapse"} ${cluster.name}`);
  };
  return { node, target: box, update };
}

/** A row of the tree: the row itself has the focus. */
function treeRow(row, list) {
  const { customer, group } = row;
  const node = el("div", { class: `ro-row ${customer ? "ro-customer" : "ro-cluster"}`, role: "treeitem", tabindex: -1, "aria-level": customer ? 2 : 1 });
  const count = el("span", { class: "ro-count" });
  if (customer) node.append(...customerFace(customer).filter(Boolean));
  else {
    const fold = el("span", { class: "ro-fold", "aria-hidden": "true", onclick: (event) => { event.stopPropagation(); list.fold(group.cluster.id); } });
    const { name, state } = group.cluster;
    node.append(fold, el("strong", {}, name), ...(state ? [el("span", { class: "ro-chip" }, state)] : []), count);
  }
  node.title = customer ? customerWords(customer) : group.cluster.name;
  node.addEventListener("click", () => list.pick(row.key));
  const update = (now) => updateTreeRow(now, node, count, list);
  return { node, target: node, update };
}

function updateTreeRow(row, node, count, list) {
  const { customer, group } = row;
  const words = counted(group.shown.length, "customer");
  write(count, words);
  const label = customer ? customerWords(customer) : [`Cluster ${group.cluster.name}`, group.cluster.state, words].filter(Boolean).join(", ");
  node.setAttribute("aria-label", label);
  node.setAttribute("aria-selected", String(list.isPicked(row)));
  node.setAttribute("aria-posinset", row.place[0]);
  node.setAttribute("aria-setsize", row.place[1]);
  if (!customer) node.setAttribute("aria-expanded", String(!group.folded));
}

// ---- the whole ------------------------------------------------------------------------------------------------

class Customers {
  constructor(model, root) {
    Object.assign(this, { model, many: model.get("many"), drawn: new Map(), listeners: [] });
    this.view = remembered.get(model) ?? { folded: new Set(), foldedInFilter: new Set(), top: 0, active: null };
    remembered.set(model, this.view);
    this.build();
    root.append(this.node);
    this.listen();
    this.read();
    this.scroll.scrollTop = this.view.top;
    this.draw();
    this.reveal(this.pickedRow());
  }

  // -- what stands around the list
  build() {
    const label = this.model.get("label");
    this.filter = el("input", { class: "ro-filter", type: "search", placeholder: "Filter: name, cluster/namespace", "aria-label": `Filter: ${label}`, autocomplete: "off", spellcheck: "false" });
    this.filter.value = this.model.get("filter");
    this.sum = el("p", { class: "ro-sum", role: "status", "aria-live": "polite" });
    this.said = el("p", { class: "ro-said", role: "status", hidden: true });
    this.canvas = el("div", { class: "ro-canvas", role: this.many ? null : "presentation" });
    const list = this.many ? { role: "group", "aria-label": label } : { role: "tree", "aria-label": label };
    this.pin = el("div", { class: "ro-pin", "aria-hidden": "true" }, el("strong"));
    this.scroll = el("div", { class: "ro-scroll", "data-relorch-scroll": true, ...list }, this.pin, this.canvas);
    this.empty = el("p", { class: "ro-empty", hidden: true });
    this.node = el("section", { class: `ro-customers${this.many ? "" : " ro-one"}`, "aria-label": label });
    this.node.style.cssText = Object.entries(PX).map(([name, px]) => `--ro-px-${name}: ${px}px`).join(";");
    this.node.append(el("div", { class: "ro-top" }, this.filter, this.many ? this.quickButtons() : []), this.head(), this.said, this.scroll, this.empty);
  }
  head() {
    if (!this.many) return el("div", { class: "ro-head" }, this.sum);
    this.whole = el("input", { type: "checkbox", onchange: () => this.choose(this.layout.shown, this.whole.checked) });
    this.wholeWords = el("span");
    return el("div", { class: "ro-head" }, el("label", {}, this.whole, this.wholeWords), this.sum);
  }
  quickButtons() {
    const button = (onclick) => el("button", { class: "ro-button", type: "button", onclick });
    this.all = button(() => this.choose(this.layout.shown, true));
    this.none = button(() => this.choose(this.layout.shown, false));
    this.quick = this.model.get("quick").map(({ label, ids }) => {
      const wanted = new Set(ids);
      const node = button(() => this.chooseOnly(this.layout.shown, wanted));
      return { label, wanted, node };
    });
    return el("div", { class: "ro-quick" }, this.all, this.none, this.quick.map(({ node }) => node));
  }

  // -- listening
  listen() {
    this.hear("change:offered", () => this.readAgain());
    this.hear("change:chosen", () => this.follow());
    this.hear("change:cluster", () => this.follow());
    this.hear("change:filter", () => this.followFilter());
    this.filter.addEventListener("input", () => this.typed());
    this.filter.addEventListener("keydown", (event) => this.filterKey(event));
    this.scroll.addEventListener("scroll", () => this.scrolled());
    this.scroll.addEventListener("keydown", (event) => this.key(event));
    this.canvas.addEventListener("focusin", (event) => this.focused(event));
    this.resized = new ResizeObserver(() => this.draw());
    this.resized.observe(this.scroll);
  }
  hear(event, handler) {
    this.model.on(event, handler);
    this.listeners.push(() => this.model.off(event, handler));
  }
  close() {
    clearTimeout(this.saving);
    this.resized.disconnect();
    for (const stop of this.listeners) stop();
  }

  // -- reading the model
  read() {
    this.offer = readOffer(this.model.get("offered"));
    this.chosen = new Set(this.model.get("chosen"));
    this.cluster = this.model.get("cluster");
    this.lay();
  }
  /** Another list came: the first row in view stays where it is, and who cannot be chosen any more is deselected. */
  readAgain() {
    const before = this.layout.rows[firstBelow(this.layout.rows, this.scroll.scrollTop)];
    const gap = before ? this.scroll.scrollTop - before.y : 0;
    this.offer = readOffer(this.model.get("offered"));
    if (this.many) this.dropUnoffered();
    const kept = this.focusedKey();
    this.drawn.clear();
    this.lay();
    this.canvas.replaceChildren();
    this.canvas.style.height = `${this.layout.height}px`;
    const after = before && this.layout.rows.find((row) => row.key === before.key);
    if (after) this.scroll.scrollTop = after.y + gap;
    this.draw();
    if (kept) this.focusRow(this.layout.rows.find((row) => row.key === kept) ?? this.layout.rows[0]);
  }
  dropUnoffered() {
    const open = new Set(this.offer.customers.filter((customer) => !customer.off).map((customer) => customer.id));
    const lost = [...this.chosen].filter((id) => !open.has(id));
    if (!lost.length) return;
    for (const id of lost) this.chosen.delete(id);
    this.saveChosen();
    this.tell(`${counted(lost.length, "customer")} cannot be chosen any more and ${lost.length === 1 ? "was" : "were"} deselected.`);
  }
  /** Python chose: show it. What this view saved itself is known already. */
  follow() {
    if (this.own) return;
    this.chosen = new Set(this.model.get("chosen"));
    this.cluster = this.model.get("cluster");
    this.draw();
    this.reveal(this.pickedRow());
  }
  followFilter() {
    if (this.own || this.filter === this.focusedNode()) return;
    this.filter.value = this.model.get("filter");
    this.refilter();
  }
  lay() {
    const folded = this.filter.value.trim() ? this.view.foldedInFilter : this.view.folded;
    this.layout = layOut(this.offer, this.filter.value, folded);
    this.rowOf = new Map(this.layout.rows.map((row) => [row.key, row]));
  }

  // -- choosing
  tick(key, box) {
    const row = this.rowOf.get(key);
    if (row) this.choose(row.customer ? [row.customer] : row.group.shown, box.checked);
  }
  choose(customers, on) {
    for (const customer of customers) {
      if (customer.off) continue;
      if (on) this.chosen.add(customer.id);
      else this.chosen.delete(customer.id);
    }
    this.chose();
  }
  chooseOnly(customers, wanted) {
    for (const { id, off } of customers) {
      if (wanted.has(id) && !off) this.chosen.add(id);
      else this.chosen.delete(id);
    }
    this.chose();
  }
  chose() {
    this.tell("");
    this.draw();
    this.saveChosen();
  }
  pick(key) {
    const row = this.rowOf.get(key);
    if (!row || row.customer?.off) return;
    this.cluster = row.customer ? 0 : row.group.cluster.id;
    this.chosen = new Set(row.customer ? [row.customer.id] : []);
    this.view.active = key;
    this.draw();
    this.save({ chosen: [...this.chosen], cluster: this.cluster });
  }
  isPicked({ customer, group }) {
    return customer ? this.chosen.has(customer.id) : this.cluster === group.cluster.id;
  }
  pickedRow() {
    return this.many ? null : this.layout.rows.find((row) => this.isPicked(row));
  }
  /** In the order of the list, so that the same choice is always the same value. */
  saveChosen() {
    this.save({ chosen: this.offer.customers.map(({ id }) => id).filter((id) => this.chosen.has(id)) });
  }
  save(values) {
    this.own = true;
    for (const [name, value] of Object.entries(values)) this.model.set(name, value);
    this.own = false;
    this.model.save_changes();
  }
  tell(text) {
    write(this.said, text);
    this.said.hidden = !text;
  }

  // -- folding and filtering
  fold(id, wanted) {
    const folded = this.filter.value.trim() ? this.view.foldedInFilter : this.view.folded;
    const fold = wanted ?? !folded.has(id);
    if (fold) folded.add(id);
    else folded.delete(id);
    const inside = fold && this.rowOf.get(this.focusedKey())?.group.cluster.id === id;
    this.lay();
    this.draw();
    if (inside) this.focusRow(this.rowOf.get(`cluster ${id}`));
  }
  typed() {
    this.view.foldedInFilter.clear();
    this.refilter();
    clearTimeout(this.saving);
    this.saving = setTimeout(() => this.save({ filter: this.filter.value }), FILTER_AFTER_MS);
  }
  refilter() {
    this.lay();
    this.scroll.scrollTop = 0;
    this.draw();
  }

  // -- drawing
  scrolled() {
    this.view.top = this.scroll.scrollTop;
    this.draw();
  }
  draw() {
    const { rows, height } = this.layout;
    this.canvas.style.height = `${height}px`;
    const top = this.scroll.scrollTop;
    const first = Math.max(0, firstBelow(rows, top) - AROUND);
    const last = Math.min(rows.length - 1, firstBelow(rows, top + this.scroll.clientHeight) + AROUND);
    const wanted = rows.slice(first, last + 1);
    const kept = this.rowOf.get(this.focusedKey());
    if (kept && kept.at < first) wanted.unshift(kept);
    if (kept && kept.at > last) wanted.push(kept);
    this.place(wanted);
    this.drawAround();
  }
  /** Bring the rows into the document in their order, leaving alone those that are there. */
  place(wanted) {
    const keys = new Set(wanted.map((row) => row.key));
    for (const [key, { node }] of this.drawn) {
      if (keys.has(key)) continue;
      node.remove();
      this.drawn.delete(key);
    }
    const active = this.activeRow();
    let next = this.canvas.firstChild;
    for (const row of wanted) {
      const part = this.drawn.get(row.key) ?? this.draft(row);
      if (part.node === next) next = next.nextSibling;
      else this.canvas.insertBefore(part.node, next);
      part.node.style.transform = `translateY(${row.y}px)`;
      part.update(row, this);
      part.target.tabIndex = row === active ? 0 : -1;
    }
  }
  draft(row) {
    const part = this.many ? boxRow(row, this) : treeRow(row, this);
    part.node.dataset.key = row.key;
    this.drawn.set(row.key, part);
    return part;
  }
  /** The cluster whose customers are at the top of the view stays readable there. */
  drawPin() {
    const row = this.layout.rows[firstBelow(this.layout.rows, this.scroll.scrollTop)];
    this.pin.hidden = !row?.customer;
    if (!row?.customer) return;
    const next = this.layout.rows[row.at + row.place[1] - row.place[0] + 1]; // the cluster behind, which pushes it out
    const push = next ? Math.min(0, next.y - this.scroll.scrollTop - PX.cluster) : 0;
    write(this.pin.firstChild, row.group.cluster.name);
    this.pin.firstChild.style.transform = `translateY(${push}px)`;
  }
  drawAround() {
    const { layout, offer } = this;
    this.drawPin();
    this.scroll.hidden = !layout.rows.length;
    this.empty.hidden = Boolean(layout.rows.length);
    write(this.empty, layout.filtered ? `Nothing fits “${this.filter.value.trim()}”.` : this.many ? "There are no customers to choose from." : "Nothing here yet.");
    if (!this.many) return write(this.sum, oneWords(layout, offer));
    const shown = tally(layout.shown, this.chosen);
    setBox(this.whole, shown);
    write(this.wholeWords, layout.filtered ? `Every shown customer (${figure(shown.of)})` : "Every customer");
    write(this.all, layout.filtered ? `All ${figure(shown.of)} shown` : "All");
    write(this.none, layout.filtered ? `None of the ${figure(shown.of)} shown` : "None");
    for (const { label, wanted, node } of this.quick) {
      const count = layout.shown.filter(({ id, off }) => wanted.has(id) && !off).length;
      write(node, `${label} (${figure(count)}${layout.filtered ? " shown" : ""})`);
    }
    write(this.sum, manyWords(tally(offer.customers, this.chosen), shown));
  }

  // -- focus and keys
  focusedNode() {
    return this.node.getRootNode().activeElement;
  }
  focusedKey() {
    const node = this.focusedNode();
    return node && this.canvas.contains(node) ? node.closest("[data-key]")?.dataset.key : null;
  }
  /** The one row that Tab stops at. */
  activeRow() {
    return this.rowOf.get(this.view.active) ?? this.pickedRow() ?? this.layout.rows[0];
  }
  focused(event) {
    const key = event.target.closest("[data-key]")?.dataset.key;
    if (!key || key === this.view.active) return;
    this.view.active = key;
    for (const [each, { target }] of this.drawn) target.tabIndex = each === key ? 0 : -1;
  }
  focusRow(row) {
    if (!row) return;
    this.view.active = row.key;
    this.reveal(row);
    this.drawn.get(row.key)?.target.focus({ preventScroll: true });
  }
  reveal(row) {
    if (!row) return;
    const { scrollTop, clientHeight } = this.scroll;
    const above = row.customer ? PX.cluster : 0; // under the pinned cluster
    if (row.y < scrollTop + above) this.scroll.scrollTop = row.y - above;
    else if (row.y + row.height > scrollTop + clientHeight) this.scroll.scrollTop = row.y + row.height - clientHeight;
    this.draw();
  }
  filterKey(event) {
    if (event.key === "ArrowDown") this.focusRow(this.layout.rows[0]);
    else if (event.key === "Enter" && !this.many) this.pick(this.layout.rows.find((row) => row.customer)?.key);
    else return;
    event.preventDefault();
  }
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = this.rowOf.get(this.focusedKey());
    if (row && this.press(event.key, row)) event.preventDefault();
  }
  press(key, row) {
    const { rows } = this.layout;
    const to = (at) => this.focusRow(rows[Math.max(0, Math.min(rows.length - 1, at))]);
    const { cluster } = row.group;
    const acts = {
      ArrowDown: () => to(row.at + 1), ArrowUp: () => to(row.at - 1), Home: () => to(0), End: () => to(rows.length - 1),
      PageDown: () => to(row.at + PAGE_ROWS), PageUp: () => to(row.at - PAGE_ROWS),
      ArrowLeft: () => (row.customer ? this.focusRow(this.rowOf.get(`cluster ${cluster.id}`)) : this.fold(cluster.id, true)),
      ArrowRight: () => (!row.customer && row.group.folded ? this.fold(cluster.id, false) : to(row.at + Number(!row.customer))),
      "/": () => this.filter.focus(),
      ...(this.many ? {} : { Enter: () => this.pick(row.key), " ": () => this.pick(row.key) }),
    };
    if (!Object.hasOwn(acts, key)) return false;
    acts[key]();
    return true;
  }
}

/** "12 of 60 selected, 3 of them hidden by the filter" */
function manyWords(all, shown) {
  const hidden = all.chosen - shown.chosen;
  return `${figure(all.chosen)} of ${figure(all.of)} selected${hidden ? `, ${figure(hidden)} of them hidden by the filter` : ""}`;
}

function oneWords({ groups, shown, filtered }, { clusters, customers }) {
  if (filtered) return `${figure(shown.length)} of ${counted(customers.length, "customer")} shown`;
  return `${counted(customers.length, "customer")} on ${counted(clusters.length, "cluster")}`;
}

export default {
  /** Draw the customers of `model` into `root`; gives the function that takes them down again. */
  render({ model, el: root }) {
    const customers = new Customers(model, root);
    return () => customers.close();
  },
};
