// A page that is shown anew, because something has happened or a session was begun again, keeps
// what was typed into it: it is carried over in this tab, field by field. What has no field any
// more stands there to be copied.
{
  const PLACE = "answerable typed";
  const NO_WORDS = "[type=hidden], [type=file], [type=password]";
  const FIELDS = `form[method=post] :is(textarea, select, input:not(${NO_WORDS}))`;
  const pathOf = (address) => new URL(address, location.href).pathname;

  const isTyped = (field) => {
    // What the service has given back in a form that it refused was typed before.
    if (pathOf(field.form.action) === location.pathname) return true;
    if (field.type === "checkbox" || field.type === "radio") {
      return field.checked !== field.defaultChecked;
    }
    if (field.tagName !== "SELECT") return field.value !== field.defaultValue;
    const first = [...field.options].find((one) => one.defaultSelected) ?? field.options[0];
    return field.value !== first?.value;
  };

  // Most fields have an id; a box to tick is known by its form and its name.
  const nameOf = (field) =>
    field.id || `${pathOf(field.form.action)} ${field.name} ${field.value}`;

  const find = (name) =>
    document.getElementById(name) ??
    [...document.querySelectorAll(FIELDS)].find((field) => !field.id && nameOf(field) === name);

  const labelOf = (field) => (field.labels?.[0]?.firstChild?.textContent ?? "").trim();

  const carry = (path) => {
    // What is said of the sentences of a text is kept where texts are.
    const fields = [...document.querySelectorAll(FIELDS)].filter((one) => !one.closest(".read"));
    const typed = fields.filter(isTyped).map((field) => ({
      name: nameOf(field),
      label: labelOf(field),
      isText: field.tagName === "TEXTAREA",
      value: field.type === "checkbox" || field.type === "radio" ? field.checked : field.value,
    }));
    try {
      sessionStorage.setItem(PLACE, JSON.stringify({ reader: document.body.dataset.reader, path, typed }));
    } catch {
      // A browser that keeps nothing: what is saved as a draft comes back all the same.
    }
  };

  const fill = (field, value) => {
    if (typeof value === "boolean") field.checked = value;
    else field.value = value;
    field.closest("details")?.setAttribute("open", "");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const showLost = (lost) => {
    const place = document.getElementById("typed-before");
    if (!place || !lost.length) return;
    for (const { label, value } of lost) {
      const shown = place.querySelector("template").content.cloneNode(true);
      if (label) shown.querySelector("span").textContent = label;
      shown.querySelector("textarea").value = value;
      place.append(shown);
    }
    place.hidden = false;
  };

  const bringBack = () => {
    let kept = null;
    try {
      kept = JSON.parse(sessionStorage.getItem(PLACE));
    } catch {
      return;
    }
    // It waits while somebody signs in. The address of a refused form leads on to its page.
    if (!kept || !`${kept.path}/`.startsWith(`${location.pathname}/`)) return;
    sessionStorage.removeItem(PLACE);
    // Whoever signs in next in this tab may be somebody else.
    if (kept.reader !== document.body.dataset.reader) return;
    const lost = [];
    for (const one of kept.typed) {
      const field = find(one.name);
      if (field) fill(field, one.value);
      else if (one.isText && one.value.trim()) lost.push(one);
    }
    showLost(lost);
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-again]");
    const isHere = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (link && isHere) carry(pathOf(link.href));
  });
  bringBack();
}
