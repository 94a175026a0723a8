// Which version each customer is on. Clusters are folded; a folded cluster has no rows in the document.

/** This many rows are drawn of one cluster; the search finds the others. */
const MOST_ROWS = 200;

const figure = new Intl.NumberFormat("en").format;
const counted = (count) => `${figure(count)} customer${count === 1 ? "" : "s"}`;

/** Give the customers of a cluster that have every word of the search somewhere. */
function found(cluster, words) {
  if (!words.length) return cluster.customers;
  return cluster.customers.filter(([, name, namespace, version]) => {
    const text = `${name}\n${cluster.name}/${namespace}\n${version}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

function tableOf(cluster, customers, linked) {
  const rows = customers.slice(0, MOST_ROWS).map(([id, name, namespace, version, when]) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, linked ? el("a", { href: `/inventory?customer=${id}` }, name) : name, " ", el("span", { class: "ro-where" }, namespace)),
      el("td", {}, version),
      el("td", { class: "ro-when" }, when),
    ),
  );
  const rest = customers.length - rows.length;
  return [
    el("table", { "aria-label": `Versions on ${cluster.name}` }, el("tbody", {}, rows)),
    rest > 0 && el("p", { class: "ro-rest" }, `and ${counted(rest)} more; the search finds them.`),
  ];
}

export default {
  render({ model, el: root }) {
    const open = new Set();
    const search = el("input", { type: "search", class: "ro-find", "aria-label": "Find a customer or a version", placeholder: "Find a customer or a version", oninput: draw });
    const said = el("p", { class: "ro-found", role: "status" });
    const list = el("div", { class: "ro-clusters" });
    root.append(el("div", { class: "ro-versions" }, search, said, list));

    function groupOf(cluster, customers, searching) {
      const body = el("div", {});
      const group = el(
        "details",
        { open: searching || open.has(cluster.id) },
        el("summary", {}, el("b", {}, cluster.name), el("span", { class: "ro-count" }, searching ? `${figure(customers.length)} of ${counted(cluster.customers.length)}` : counted(cluster.customers.length)), el("span", { class: "ro-counts" }, ...cluster.counts.map(([version, count]) => el("span", { class: "ro-chip" }, `${version} × ${figure(count)}`)))),
        body,
      );
      const fill = () => body.replaceChildren(...(group.open ? tableOf(cluster, customers, model.get("linked")).filter(Boolean) : []));
      group.addEventListener("toggle", () => {
        if (!searching) open[group.open ? "add" : "delete"](cluster.id);
        fill();
      });
      fill();
      return group;
    }

    function draw() {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const groups = model.get("clusters").map((cluster) => [cluster, found(cluster, words)]).filter(([, customers]) => customers.length);
      const count = groups.reduce((sum, [, customers]) => sum + customers.length, 0);
      said.textContent = words.length ? (count ? `${counted(count)} found` : "No customer fits. Clear the search to see all.") : "";
      const focused = list.contains(root.getRootNode().activeElement) ? [...list.querySelectorAll("summary, a")].indexOf(root.getRootNode().activeElement) : -1;
      list.replaceChildren(...groups.map(([cluster, customers]) => groupOf(cluster, customers, words.length > 0)));
      if (focused >= 0) list.querySelectorAll("summary, a")[focused]?.focus();
    }

    /** Without customers there is nothing to see, the heading included. */
    function hideEmpty() {
      const card = root.getRootNode().host?.closest("section") ?? root.closest("section");
      if (card) card.hidden = !model.get("clusters").length;
    }

    const update = () => {
      hideEmpty();
      draw();
    };
    update();
    model.on("change:clusters", update);
    return () => model.off("change:clusters", update);
  },
};
