// The list of releases: cards grouped by status. Pressing one opens it beside the list.

const WORDS = {
  list: "All releases",
  create: "New release",
  none: "There is no release yet.",
  more: (count) => `${count} more`,
};

/** So many cards of a group are shown at once; the rest unfolds. */
const AT_ONCE = 8;

/** The order in which a meter shows statuses; pending is its empty rest. */
const SHARES = ["done", "skipped", "in_progress", "failed", "reverted"];

/** One line of progress: its label, the shares of its statuses, and how much of it is closed. */
function meterOf({ label, counts, total, said, percentage }) {
  const bar = el("span", { class: "ro-meter" });
  for (const status of SHARES) {
    if (!counts[status]) continue;
    const part = el("i", { class: `ro-share-${status}` });
    part.style.width = `${(100 * counts[status]) / total}%`;
    bar.append(part);
  }
  return [el("span", { class: "ro-label" }, label), bar, el("span", { class: "ro-percent", title: said }, percentage)];
}

/** One release as a button. */
function cardOf(card, opened, open) {
  const chip = (text) => text && el("span", { class: "ro-chip" }, text);
  return el(
    "button",
    {
      type: "button",
      class: "ro-card",
      "aria-current": card.id === opened ? "true" : null,
      dataset: { id: card.id },
      onclick: () => open(card.id),
    },
    el("span", { class: "ro-name" }, card.name),
    el("span", { class: "ro-chips" }, chip(card.type), chip(card.version), el("span", { class: "ro-date" }, card.date)),
    card.meters.length ? el("span", { class: "ro-meters" }, card.meters.flatMap(meterOf)) : null,
    card.left ? el("span", { class: "ro-left" }, card.left) : null,
  );
}

/** A status with its releases; a long group keeps its older ones folded unless the open one is among them. */
function groupOf(group, opened, unfolded, open) {
  const cards = group.cards.map((card) => el("li", {}, cardOf(card, opened, open)));
  const heading = el("h2", { id: `ro-group-${group.status}` }, `${group.label} · ${group.cards.length}`);
  const first = el("ul", { "aria-labelledby": heading.id }, cards.slice(0, AT_ONCE));
  if (cards.length <= AT_ONCE) return [heading, first];
  const hidesOpen = group.cards.findIndex((card) => card.id === opened) >= AT_ONCE;
  const rest = el(
    "details",
    {
      open: hidesOpen || unfolded.has(group.status),
      ontoggle: (event) => unfolded[event.target.open ? "add" : "delete"](group.status),
    },
    el("summary", {}, WORDS.more(cards.length - AT_ONCE)),
    el("ul", { "aria-labelledby": heading.id }, cards.slice(AT_ONCE)),
  );
  return [heading, first, rest];
}

/** Write the open release into the address, so that it can be sent to a colleague. */
function remember(opened) {
  const address = new URL(window.location.href);
  if (opened) address.searchParams.set("release", opened);
  else address.searchParams.delete("release");
  if (address.href !== window.location.href) window.history.replaceState(window.history.state, "", address);
}

export default {
  render({ model, el: root }) {
    const unfolded = new Set();
    const box = el("nav", { class: "ro-releases", "aria-label": WORDS.list });
    const open = (id) => model.send({ open: id });
    const show = () => {
      const held = root.getRootNode().activeElement?.dataset?.id;
      const opened = model.get("opened");
      const groups = model.get("groups").filter((group) => group.cards.length);
      box.replaceChildren(
        el("button", { type: "button", class: "ro-new", dataset: { id: 0 }, onclick: () => open(0) }, WORDS.create),
        ...(groups.length ? groups.flatMap((group) => groupOf(group, opened, unfolded, open)) : [el("p", {}, WORDS.none)]),
      );
      if (held !== undefined) box.querySelector(`[data-id="${held}"]`)?.focus({ preventScroll: true });
      if (!model.get("missing")) remember(opened);
    };
    root.append(box);
    show();
    const events = ["change:groups", "change:opened", "change:missing"];
    for (const event of events) model.on(event, show);
    return () => {
      for (const event of events) model.off(event, show);
    };
  },
};
