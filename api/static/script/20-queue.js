// The queue, kept as it is: a row that changes is drawn anew where it stands, one that leaves is
// followed by a note for a while, new ones are counted and shown when somebody wants them.
{
  const SOON = 100; // Changes that come together are asked for together.
  const REST = 10000;
  const MINUTE = 60000;
  const shown = new Set();
  const others = new Set();
  let waiting = 0;

  const rowOf = (id) => document.getElementById(`row-${id}`);

  const ask = async () => {
    waiting = 0;
    const queue = document.getElementById("queue");
    if (!queue || !(shown.size || others.size)) return;
    const address = new URL(queue.dataset.changes, location.href);
    // The server counts so many at most, the latest of them.
    address.searchParams.set("shown", [...shown].slice(0, 30).join(","));
    address.searchParams.set("other", [...others].slice(-60).join(","));
    shown.clear();
    await htmx.ajax("GET", address.pathname + address.search, { swap: "none" });
  };

  const soon = () => {
    if (!waiting) waiting = setTimeout(ask, SOON);
  };

  document.addEventListener("heard", (event) => {
    if (!document.getElementById("queue")) return;
    for (const [stream] of event.detail.changes) {
      const [kind, id] = stream.split("/");
      if (kind !== "escalation") continue;
      if (rowOf(id)) shown.add(id);
      else if (event.detail.kind === "live") others.add(id);
    }
    if (shown.size || others.size) soon();
  });

  // A row that nothing happens to becomes late all the same.
  setInterval(() => {
    if (document.hidden) return;
    for (const row of document.querySelectorAll("[data-row]:not([data-gone])")) {
      shown.add(row.dataset.row);
    }
    soon();
  }, MINUTE);

  // Focus stays with the row that had it. --------------------------------------------------------

  let focused = "";
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest("[data-row]");
    focused = row ? row.dataset.row : "";
  });

  const refocus = () => {
    if (!focused || document.activeElement !== document.body) return;
    const title = rowOf(focused)?.querySelector("a.title");
    if (title) title.focus({ preventScroll: true });
  };

  // Notes go when nobody is there who might be about to press what stands below them. -------------

  const clear = () => {
    const rows = document.getElementById("rows");
    if (!rows || rows.matches(":hover") || rows.contains(document.activeElement)) return;
    const now = Date.now();
    for (const note of rows.querySelectorAll("[data-gone]")) {
      note.dataset.since ||= now;
      if (now - Number(note.dataset.since) > REST) note.remove();
    }
    if (!rows.children.length) location.reload();
  };
  setInterval(clear, 1000);

  // Many at once. --------------------------------------------------------------------------------

  const picks = () => [...document.querySelectorAll("[data-pick]")];

  const count = () => {
    const all = picks();
    const picked = all.filter((one) => one.checked).length;
    const told = document.querySelector("[data-picked]");
    if (told) told.textContent = String(picked);
    const every = document.querySelector("[data-pick-all]");
    if (every) {
      every.checked = picked > 0 && picked === all.length;
      every.indeterminate = picked > 0 && picked < all.length;
    }
  };

  // A row that is drawn anew keeps its mark.
  const kept = new Set();
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-pick-all]")) {
      for (const one of picks()) one.checked = event.target.checked;
    } else if (!event.target.matches("[data-pick]")) return;
    kept.clear();
    for (const one of picks()) if (one.checked) kept.add(one.closest("[data-row]").dataset.row);
    count();
  });

  document.body.addEventListener("htmx:afterSettle", () => {
    for (const one of picks()) {
      if (kept.has(one.closest("[data-row]").dataset.row)) one.checked = true;
    }
    count();
    refocus();
  });
  count();
}
