// A strip of tabs. Arrow keys move along it; a tab opens when it is pressed, so that looking for one opens none.

const STEP = { ArrowLeft: -1, ArrowRight: 1 };

export default {
  render({ model, el: root }) {
    const pick = (name) => {
      model.set("picked", name);
      model.save_changes();
    };
    const tabs = model.get("names").map((name) => el("button", { type: "button", role: "tab", onclick: () => pick(name) }, name));
    const show = () => {
      for (const tab of tabs) {
        const picked = tab.textContent === model.get("picked");
        tab.setAttribute("aria-selected", picked);
        tab.tabIndex = picked ? 0 : -1;
      }
    };
    const move = (event) => {
      const at = tabs.indexOf(event.target);
      const ends = { Home: 0, End: tabs.length - 1 };
      const to = event.key in STEP ? (at + STEP[event.key] + tabs.length) % tabs.length : ends[event.key];
      if (at < 0 || to === undefined) return;
      event.preventDefault();
      tabs[to].focus();
    };
    root.append(el("div", { class: "ro-tabs", role: "tablist", "aria-label": "What to look at or do", onkeydown: move }, tabs));
    show();
    model.on("change:picked", show);
    return () => model.off("change:picked", show);
  },
};
