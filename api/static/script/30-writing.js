// What is being written is saved as a draft while one types. Until the service has it, it is kept
// in this browser, under the name of whoever writes: a closed tab or a failed save loses nothing.
{
  const WAIT = 1500;
  const waiting = new Map();
  const areas = () => document.querySelectorAll("textarea[data-keep]");
  const place = (area) => `answerable words ${area.dataset.keep}`;
  const base = (area) => area.form.elements[`based_on-${area.dataset.draft}`];
  const inField = (area, what) => area.closest(".field").querySelector(what);

  // What is said here stands in the page, in the language of its reader.
  const texts = (area) => inField(area, ".kept").dataset;

  const say = (area, text, isTrouble = false) => {
    const line = inField(area, ".kept [role=status]");
    line.textContent = text;
    line.classList.toggle("late", isTrouble);
  };

  const keep = (area) => {
    try {
      const words = { text: area.value, base: base(area)?.value ?? "" };
      localStorage.setItem(place(area), JSON.stringify(words));
    } catch {
      // A browser that keeps nothing: the draft is still saved by the service.
    }
  };

  const forget = (key) => {
    try {
      localStorage.removeItem(key);
    } catch {
      // As above.
    }
  };

  // What is said of the sentences is no text: it is kept here until the form is sent.
  const said = (form) => {
    const marks = {};
    for (const [name, value] of new FormData(form)) {
      if (/^(promises-\d-|not_promises|same_because)/.test(name)) (marks[name] ??= []).push(value);
    }
    return marks;
  };

  const keepMarks = (writer) => {
    const area = writer.querySelector("textarea[data-keep]");
    try {
      localStorage.setItem(`${place(area)} marks`, JSON.stringify(said(area.form)));
    } catch {
      // As above.
    }
  };

  const save = async (area, isLast = false) => {
    clearTimeout(waiting.get(area));
    waiting.delete(area);
    const text = area.value;
    if (!area.dataset.draft || text === area.dataset.saved) return;
    const body = new URLSearchParams({ csrf: area.form.elements.csrf.value, act: area.dataset.act });
    body.set(area.name, text);
    body.set(`based_on-${area.dataset.draft}`, base(area).value);
    const address = area.form.action.replace(/[^/]+$/, "draft");
    try {
      const headers = { Accept: "application/json" };
      const answer = await fetch(address, { method: "POST", body, headers, keepalive: isLast });
      const told = await answer.json();
      if (answer.ok) saved(area, text, told.drafts[area.dataset.draft]);
      else refused(area, answer.status, told);
    } catch {
      say(area, texts(area).away, true);
      waiting.set(area, setTimeout(() => save(area), 10 * WAIT));
    }
  };

  const saved = (area, text, draft) => {
    area.dataset.saved = text;
    if (draft) {
      base(area).value = draft.version;
      say(area, draft.said);
    }
    if (area.value === text) forget(place(area));
    inField(area, "[data-mine]").hidden = true;
  };

  const refused = (area, status, told) => {
    if (told.code === "draft_changed") {
      area.dataset.newest = told.newest;
      inField(area, "[data-mine]").hidden = false;
      say(area, texts(area).newer.replace("{why}", told.detail).replace("{version}", told.kept_as), true);
    } else if (status === 401 || told.code === "foreign_form") {
      say(area, texts(area).signedOut, true);
    } else {
      say(area, texts(area).refused.replace("{why}", told.detail), true);
      if (status >= 500 || status === 429) waiting.set(area, setTimeout(() => save(area), 10 * WAIT));
    }
  };

  const flush = () => areas().forEach((area) => waiting.has(area) && save(area, true));

  document.body.addEventListener("input", (event) => {
    const area = event.target;
    if (!area.matches("textarea[data-keep]")) return;
    keep(area);
    if (!area.dataset.draft || !inField(area, "[data-mine]").hidden) return;
    clearTimeout(waiting.get(area));
    waiting.set(area, setTimeout(() => save(area), WAIT));
  });

  document.body.addEventListener("click", (event) => {
    const button = event.target.closest("[data-mine]");
    if (!button) return;
    const area = button.closest(".field").querySelector("textarea");
    base(area).value = area.dataset.newest;
    area.dataset.saved = "";
    save(area);
  });

  // What is sent is a draft no longer: it is forgotten once the next page shows that it was taken.
  document.body.addEventListener("submit", (event) => {
    for (const area of event.target.querySelectorAll("textarea[data-keep]")) {
      clearTimeout(waiting.get(area));
      waiting.delete(area);
    }
    const places = [...event.target.querySelectorAll("textarea[data-keep]")].map(place);
    const kept = places.flatMap((one) => [one, `${one} marks`]);
    try {
      if (kept.length) sessionStorage.setItem("answerable sent", JSON.stringify(kept));
    } catch {
      // Then it is offered once more, which does no harm.
    }
  });

  // What was not taken is still to be saved, and stays kept.
  document.addEventListener("failed", () => {
    sessionStorage.removeItem("answerable sent");
    areas().forEach((area) => save(area));
  });

  document.addEventListener("visibilitychange", () => document.hidden && flush());
  window.addEventListener("pagehide", flush);

  const forgetSent = () => {
    try {
      const kept = JSON.parse(sessionStorage.getItem("answerable sent") ?? "[]");
      if (kept.length && document.querySelector(".say.good")) kept.forEach(forget);
      sessionStorage.removeItem("answerable sent");
    } catch {
      // Nothing was kept.
    }
  };

  const bringBack = (area) => {
    area.dataset.saved = area.value;
    let kept = null;
    try {
      kept = JSON.parse(localStorage.getItem(place(area)));
    } catch {
      return;
    }
    if (!kept || !kept.text.trim() || kept.text === area.value) return;
    area.value = kept.text;
    if (base(area)) base(area).value = kept.base;
    say(area, texts(area).back);
    area.closest("details")?.setAttribute("open", "");
    if (area.dataset.draft) waiting.set(area, setTimeout(() => save(area), WAIT));
  };

  forgetSent();
  areas().forEach(bringBack);
  // Words that stand here already are held against earlier replies, for which a page does not wait.
  const recheck = (writer) => {
    const area = writer.querySelector("textarea[data-keep]");
    if (!area.value.trim()) return;
    let values = {};
    try {
      values = JSON.parse(localStorage.getItem(`${place(area)} marks`)) ?? {};
    } catch {
      // Then the sentences are marked anew.
    }
    const target = writer.querySelector(".read");
    const address = writer.getAttribute("hx-post");
    htmx.ajax("POST", address, { source: writer, target, swap: "innerHTML", values });
  };

  window.addEventListener("load", () => document.querySelectorAll(".writer").forEach(recheck));

  // What is read of the words comes back with the fields of their promises. Where somebody has
  // typed into these meanwhile, or made another, they stay, and the words are read once more.
  const asked = new WeakMap();
  const written = (read) =>
    JSON.stringify([...read.querySelectorAll("input, select, textarea")].map(
      (field) => [field.name, field.value, field.checked],
    ));
  document.body.addEventListener("htmx:beforeSend", ({ detail: { elt, xhr, target } }) => {
    if (elt.matches(".writer")) asked.set(xhr, written(target));
  });
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, target } = event.detail;
    if (!asked.has(xhr) || asked.get(xhr) === written(target)) return;
    event.detail.shouldSwap = false;
    target.dispatchEvent(new Event("change", { bubbles: true }));
  });

  for (const happened of ["change", "htmx:afterSwap"]) {
    document.body.addEventListener(happened, (event) => {
      const writer = event.target.closest?.(".writer");
      if (writer && event.target.closest(".read")) keepMarks(writer);
    });
  }
}
