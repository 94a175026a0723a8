// What the matrix shows, as numbers: its cells, what a filter leaves of them, and where everything is.

/** Give total, closed, open and floored percentage of `counts` (steps per status code). */
function progressOf(counts) {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const closed = counts[DONE] + counts[SKIPPED];
  return { counts, total, closed, open: total - closed, percentage: total ? Math.floor((100 * closed) / total) : null };
}

/** Counts per status for each of `size` things. */
class Tally {
  constructor(size) {
    this.counts = new Int32Array(size * STATUS.length);
  }
  add(index, status, by) {
    this.counts[index * STATUS.length + status] += by;
  }
  of(index) {
    return progressOf(this.counts.subarray(index * STATUS.length, (index + 1) * STATUS.length));
  }
}

/** All cells of one release and what is counted over them; the steps of held customers are not counted. */
class Board {
  constructor(head, bytes) {
    Object.assign(this, {
      release: head.release, clusters: head.clusters, customers: head.customers, rows: head.rows, removed: head.removed ?? [],
    });
    const size = this.rows.length * this.customers.length;
    this.ids = new Uint32Array(bytes, 0, size);
    this.versions = new Uint32Array(bytes, 4 * size, size);
    this.status = new Uint8Array(bytes, 8 * size, size);
    this.flags = new Uint8Array(bytes, 9 * size, size);
    this.revision = 0;
    this.heldCustomers = this.customers.filter((customer) => customer.state === "held").length;
    this.numbers = numbersOf(this.rows);
    this.searched = this.customers.map((customer) => this.searchText(customer));
    this.tallyAll();
  }
  tallyAll() {
    const [rows, clusters] = [this.rows.length, this.clusters.length];
    this.ofRelease = new Tally(1);
    this.ofCategory = new Tally(CATEGORIES.length);
    this.ofCluster = new Tally(clusters);
    this.ofRow = new Tally(rows);
    this.ofRowInCluster = new Tally(rows * clusters);
    this.ofCustomer = new Tally(this.customers.length);
    this.claimed = 0; // of the release, in progress by somebody else
    for (let r = 0; r < rows; r++) for (let c = 0; c < this.customers.length; c++) this.tally(r, c, 1);
  }
  tally(r, c, by) {
    const status = this.status[this.at(r, c)];
    if (status === NO_STEP) return;
    this.ofCustomer.add(c, status, by);
    const customer = this.customers[c];
    if (customer.state === "held") return;
    this.ofRelease.add(0, status, by);
    if (this.flags[this.at(r, c)] & CLAIMED) this.claimed += by;
    this.ofCategory.add(CATEGORIES.indexOf(this.rows[r].category), status, by);
    this.ofCluster.add(customer.cluster, status, by);
    this.ofRow.add(r, status, by);
    this.ofRowInCluster.add(r * this.clusters.length + customer.cluster, status, by);
  }
  at(r, c) {
    return r * this.customers.length + c;
  }
  isOpen(r, c) {
    const status = this.status[this.at(r, c)];
    return status !== NO_STEP && status !== DONE && status !== SKIPPED && this.customers[c].state !== "held";
  }
  /** Whether "next" stops here: what somebody else has in progress is passed over, what failed is not. */
  isNext(r, c) {
    return this.isOpen(r, c) && !(this.flags[this.at(r, c)] & CLAIMED);
  }
  /** Whether a cell is one a filter by status asks for; `wanted` is that filter's table, null: any step will do. */
  isWanted(wanted, at) {
    const status = this.status[at];
    if (status === NO_STEP) return false;
    return !wanted || wanted[this.flags[at] & CLAIMED ? status + CLAIMED_BY_OTHERS : status] === 1;
  }
  clusterOf(c) {
    return this.clusters[this.customers[c].cluster];
  }
  searchText(customer) {
    const cluster = this.clusters[customer.cluster].name;
    return `${customer.name}\n${cluster}/${customer.namespace}`.toLowerCase();
  }
  /** Where the step `id` is as {r, c}, or null. */
  find(id) {
    const at = id ? this.ids.indexOf(id) : -1;
    const across = this.customers.length;
    return at < 0 ? null : { r: Math.floor(at / across), c: at % across };
  }
  /** Whether a patched cell looks different from what is known. */
  differs([r, c, id, , status, flags]) {
    const at = this.at(r, c);
    return this.ids[at] !== id || this.status[at] !== status || this.flags[at] !== flags;
  }
  /** Take one patched cell; false for one that is out of range or older than what is known. */
  patch([r, c, id, version, status, flags], { newerOnly = false } = {}) {
    if (!(r >= 0 && r < this.rows.length && c >= 0 && c < this.customers.length)) return false;
    const at = this.at(r, c);
    if (this.ids[at] === id && version < this.versions[at] + Number(newerOnly)) return false;
    if (this.versions[at] === version && !this.differs([r, c, id, version, status, flags])) return false;
    this.tally(r, c, -1);
    this.ids[at] = id;
    this.versions[at] = version;
    this.status[at] = status;
    this.flags[at] = flags;
    this.tally(r, c, 1);
    this.revision++;
    return true;
  }
  /** Take over what `before` knows better: cells sent again after a lost connection are as old as the page. */
  keepNewer(before) {
    const rows = this.rows.map((row) => before.rows.findIndex((old) => old.key === row.key));
    const places = new Map(before.customers.map((customer, c) => [customer.id, c]));
    const columns = this.customers.map((customer) => places.get(customer.id) ?? -1);
    rows.forEach((oldRow, r) => columns.forEach((oldColumn, c) => {
      if (oldRow < 0 || oldColumn < 0) return;
      const old = before.at(oldRow, oldColumn);
      const id = before.ids[old];
      if (id !== this.ids[this.at(r, c)]) return;
      this.patch([r, c, id, before.versions[old], before.status[old], before.flags[old]], { newerOnly: true });
    }));
  }
  /** The words for one cell: its status, its marks, whether its customer is held. */
  words(r, c) {
    const at = this.at(r, c);
    const held = this.customers[c].state === "held" ? ["customer held"] : [];
    if (this.status[at] === NO_STEP) return ["no step", ...held];
    const marks = MARKS.filter(([bit]) => this.flags[at] & bit).map(([, label]) => label);
    const claimed = this.flags[at] & CLAIMED; // its words say the status too
    return [...(claimed ? [] : [STATUS_LABEL[STATUS[this.status[at]]]]), ...marks, ...held];
  }
}

/** Position of each row in its category, from 1; a custom row has none, it shares its neighbour's place. */
function numbersOf(rows) {
  const next = Object.fromEntries(CATEGORIES.map((category) => [category, 1]));
  return rows.map((row) => (row.template_id === null ? null : next[row.category]++));
}

/** A board of the model's present traits, or null as long as they do not fit each other. */
function readBoard(model) {
  const [head, cells] = [model.get("head"), model.get("cells")];
  if (!head?.rows || !cells) return null;
  const known = remembered.get(cells);
  if (known?.head === head) return known.board;
  const view = ArrayBuffer.isView(cells) ? cells : new Uint8Array(cells);
  if (view.byteLength !== head.rows.length * head.customers.length * 10) return null;
  const bytes = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  const board = new Board(head, bytes);
  remembered.set(cells, { head, board, view: null });
  return board;
}

/** Index of the first value of ascending `list` that is not below `value`. */
function lowerBound(list, value) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** First and last index of what lies between `from` and `to`, given ascending starts, with a little around it. */
function span(starts, count, from, to, around) {
  const first = Math.max(0, lowerBound(starts, from + 1) - 1 - around);
  const last = Math.min(count - 1, lowerBound(starts, to) - 1 + around);
  return [first, last];
}

/** What the operator wants to see; `statuses` holds names of STATUS_FILTERS, none of them: all. */
class Filter {
  constructor({ query = "", cluster = null, category = null, statuses = [], hideHeld = false } = {}) {
    Object.assign(this, { query, cluster, category, statuses: new Set(statuses), hideHeld });
  }
  /** The same with some of it changed. */
  with(change) {
    return new Filter({ ...this, ...change });
  }
  toggled(status) {
    const statuses = new Set(this.statuses);
    if (!statuses.delete(status)) statuses.add(status);
    return this.with({ statuses });
  }
  get narrows() {
    return Boolean(this.query.trim() || this.cluster !== null || this.category || this.statuses.size || this.hideHeld);
  }
  /** For each status code, with CLAIMED_BY_OTHERS where somebody else is at it: 1 if such a cell is wanted. */
  wanted() {
    if (!this.statuses.size) return null;
    const table = new Uint8Array(2 * CLAIMED_BY_OTHERS);
    STATUS.forEach((status, code) => { table[code] = table[code + CLAIMED_BY_OTHERS] = Number(this.statuses.has(status)); });
    if (this.statuses.has("mine")) table[IN_PROGRESS] = 1;
    if (this.statuses.has("others")) table[IN_PROGRESS + CLAIMED_BY_OTHERS] = 1;
    return table;
  }
  /** As parameters of the address; null is one that is not there. */
  params() {
    const statuses = STATUS_FILTERS.filter((status) => this.statuses.has(status)).join(",");
    return {
      cluster: this.cluster, category: this.category, status: statuses || null,
      held: this.hideHeld ? "hide" : null, q: this.query.trim() || null,
    };
  }
}

/** The filter of an address, and what of it means nothing here, in words. */
function filterOf(address, board) {
  const asked = (name) => address.searchParams.get(name) || null;
  const unknown = [];
  const known = (name, value, found) => {
    if (value !== null && found === undefined) unknown.push(`${name} “${value}”`);
    return found;
  };
  const cluster = known("cluster", asked("cluster"), board.clusters.find(
    ({ id, name }) => [String(id), name].includes(asked("cluster")))?.id);
  const category = known("category", asked("category"), CATEGORIES.find((each) => each === asked("category")));
  const wanted = (asked("status") ?? "").split(",").filter(Boolean);
  const statuses = wanted.filter((status) => known("status", status, STATUS_FILTERS.find((each) => each === status)));
  const filter = new Filter({
    query: asked("q") ?? "", cluster: cluster ?? null, category: category ?? null, statuses, hideHeld: asked("held") === "hide",
  });
  return { filter, unknown };
}

/**
 * Customers and rows a filter leaves. Each word narrows the customers; one that fits no customer narrows the steps.
 * A customer or a step stays when one of its cells has a wanted status.
 */
function search(board, filter) {
  let customers = board.customers.map((_, c) => c).filter((c) => isWantedCustomer(board, filter, c));
  let rows = board.rows.map((_, r) => r).filter((r) => !filter.category || board.rows[r].category === filter.category);
  for (const word of filter.query.toLowerCase().split(/\s+/).filter(Boolean)) {
    const fitting = customers.filter((c) => board.searched[c].includes(word));
    if (fitting.length) customers = fitting;
    else rows = rows.filter((r) => board.rows[r].name.toLowerCase().includes(word));
  }
  const wanted = filter.wanted();
  return wanted ? narrowed(board, wanted, customers, rows) : { customers, rows };
}

function isWantedCustomer(board, filter, c) {
  const { cluster, state } = board.customers[c];
  return (filter.cluster === null || board.clusters[cluster].id === filter.cluster) && !(filter.hideHeld && state === "held");
}

/** Of these customers and rows the ones that have a cell of a wanted status. */
function narrowed(board, wanted, customers, rows) {
  const [inColumn, inRow] = [new Uint8Array(board.customers.length), new Uint8Array(board.rows.length)];
  for (const r of rows) {
    for (const c of customers) {
      if (!board.isWanted(wanted, board.at(r, c))) continue;
      inColumn[c] = 1;
      inRow[r] = 1;
    }
  }
  return { customers: customers.filter((c) => inColumn[c]), rows: rows.filter((r) => inRow[r]) };
}

/**
 * Columns from left to right: a customer's index, or ~index of a cluster that is folded into one column.
 * A cluster of few customers gets room beside them, so that its name can be read.
 */
function layColumns(board, customers, folded) {
  const columns = [];
  const groups = [];
  let x = 0;
  const starts = [];
  for (const c of customers) {
    const k = board.customers[c].cluster;
    let group = groups.at(-1);
    const isFolded = folded.has(board.clusters[k].id);
    if (group?.k !== k) {
      x = group ? group.x + group.width : 0;
      group = { k, x, width: isFolded ? PX.folded : PX.cluster, first: columns.length, count: 0, folded: isFolded };
      groups.push(group);
    } else if (isFolded) continue;
    const width = isFolded ? PX.folded : PX.column;
    starts.push(x);
    columns.push(isFolded ? ~k : c);
    group.count++;
    x += width;
    group.width = Math.max(group.width, x - group.x);
  }
  const last = groups.at(-1);
  return { columns, groups, starts, width: last ? last.x + last.width : 0 };
}

/** Rows from top to bottom, each category under a band that stays when it is folded. */
function layRows(board, rows, folded) {
  const [steps, bands, tops] = [[], [], []];
  let y = 0;
  for (const category of CATEGORIES) {
    const members = rows.filter((r) => board.rows[r].category === category);
    if (!members.length) continue;
    const isFolded = folded.has(category);
    bands.push({ category, y, folded: isFolded, before: steps.length });
    y += PX.band;
    for (const r of isFolded ? [] : members) {
      steps.push(r);
      tops.push(y);
      y += PX.row;
    }
  }
  return { steps, bands, tops, height: y };
}

/** What `layout` shows of a board, by what stays the same on another: ids of customers and keys of rows. */
function shownIn(board, { found }) {
  const customers = new Set(found.customers.map((c) => board.customers[c].id));
  return { customers, rows: new Set(found.rows.map((r) => board.rows[r].key)) };
}

/** What was found, and what is kept beside it. */
function withKept(board, found, kept) {
  const [customers, rows] = [new Set(found.customers), new Set(found.rows)];
  return {
    customers: board.customers.map((_, c) => c).filter((c) => customers.has(c) || kept.customers.has(board.customers[c].id)),
    rows: board.rows.map((_, r) => r).filter((r) => rows.has(r) || kept.rows.has(board.rows[r].key)),
  };
}

let layouts = 0;

/** Everything about places: rebuilt when the board, the folds or the filter change, never for a patch. */
function layOut(board, folded, filter, kept = null) {
  const found = kept ? withKept(board, search(board, filter), kept) : search(board, filter);
  const [across, down] = [layColumns(board, found.customers, folded), layRows(board, found.rows, folded)];
  const layout = { stamp: ++layouts, found, wanted: filter.wanted(), ...across, ...down };
  layout.columnOf = new Int32Array(board.customers.length).fill(-1);
  layout.columns.forEach((c, v) => { if (c >= 0) layout.columnOf[c] = v; });
  layout.placeOf = new Int32Array(board.rows.length).fill(-1);
  layout.steps.forEach((r, i) => { layout.placeOf[r] = i; });
  layout.customers = layout.columns.filter((c) => c >= 0);
  layout.empty = !found.customers.length || !found.rows.length;
  return layout;
}

/** From `value` by `delta` along an ascending list of what is shown; a hidden value goes to its shown neighbour. */
function along(list, value, delta) {
  const at = lowerBound(list, value);
  const hidden = list[at] !== value;
  const to = at + delta - (hidden && delta > 0 ? 1 : 0);
  return list[Math.max(0, Math.min(list.length - 1, to))];
}

/** The next shown open cell that nobody else is at: down the customer's column, then column by column, at last round to the beginning. */
function nextOpen(board, { steps, customers, wanted }, cursor) {
  const firstIn = (c, below = -1) => {
    const r = steps.find((row) => row > below && board.isNext(row, c) && board.isWanted(wanted, board.at(row, c)));
    return r === undefined ? null : { r, c };
  };
  const start = cursor ? lowerBound(customers, cursor.c) : 0;
  const here = cursor && customers[start] === cursor.c ? firstIn(cursor.c, cursor.r) : null;
  if (here) return here;
  const after = cursor && customers[start] === cursor.c ? start + 1 : start;
  for (const c of [...customers.slice(after), ...customers.slice(0, after)]) {
    const cell = firstIn(c);
    if (cell) return cell;
  }
  return null;
}

