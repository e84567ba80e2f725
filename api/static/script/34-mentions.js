// While a note is written, @ and a few letters offer the colleagues who can read it.
{
  const begun = (area) => /(?:^|[^\w@./-])@([\w.-]*)$/.exec(area.value.slice(0, area.selectionStart));

  const box = (area) => {
    let found = area.parentElement.querySelector(".colleagues");
    if (!found) {
      found = document.createElement("div");
      found.className = "colleagues";
      found.setAttribute("role", "group");
      found.setAttribute("aria-label", document.getElementById(area.dataset.mentions).title);
      area.after(found);
    }
    return found;
  };

  const offer = (area) => {
    const typed = begun(area);
    const wanted = typed?.[1].toLowerCase();
    const options = typed ? [...document.getElementById(area.dataset.mentions).options] : [];
    const fits = (option) =>
      option.value.startsWith(wanted) || option.text.toLowerCase().startsWith(wanted);
    const buttons = options.filter(fits).slice(0, 6).map((option) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "slight";
      button.dataset.person = option.value;
      button.textContent = `@${option.value} ${option.text}`;
      return button;
    });
    box(area).replaceChildren(...buttons);
  };

  const insert = (area, person) => {
    const at = area.selectionStart;
    const from = at - begun(area)[1].length;
    area.setRangeText(`${person} `, from, at, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
    area.focus();
  };

  document.body.addEventListener("input", (event) => {
    if (event.target.matches("textarea[data-mentions]")) offer(event.target);
  });

  document.body.addEventListener("click", (event) => {
    const button = event.target.closest(".colleagues [data-person]");
    if (button) insert(button.parentElement.previousElementSibling, button.dataset.person);
  });

  document.body.addEventListener("keydown", (event) => {
    const area = event.target;
    if (!area.matches("textarea[data-mentions]")) return;
    const first = box(area).querySelector("button");
    if (!first) return;
    if (event.key === "Escape") box(area).replaceChildren();
    else if (event.key === "ArrowDown") first.focus();
    else if (event.key === "Tab" && !event.shiftKey) insert(area, first.dataset.person);
    else return;
    event.preventDefault();
  });
}
