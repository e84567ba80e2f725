// The queue by keyboard. Every key does what a link or a button of the page does as well; whoever
// is bothered by single letters (or speaks to the computer) switches them off, in this browser.
{
  const OFF = "answerable-keys-off";
  const isTyping = (element) =>
    element.closest("input:not([type=checkbox]), textarea, select, [contenteditable]") !== null;
  const help = () => document.getElementById("keys");

  const isOff = () => {
    try {
      return localStorage.getItem(OFF) === "yes";
    } catch {
      return false; // Storage may be forbidden; then they stay as they are.
    }
  };

  const rows = () => [...document.querySelectorAll("[data-row]")];
  const here = () => document.activeElement.closest("[data-row]");

  const move = (step) => {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(here());
    const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step;
    const row = all[Math.min(Math.max(next, 0), all.length - 1)];
    row.querySelector("a.title").focus();
    row.scrollIntoView({ block: "nearest" });
  };

  const showHelp = () => {
    const dialog = help();
    if (!dialog) return;
    dialog.querySelector("[data-keys-on]").checked = !isOff();
    dialog.showModal();
  };

  const KEYS = {
    j: () => move(1),
    k: () => move(-1),
    c: () => here()?.querySelector("[data-claim]")?.click(),
    x: () => here()?.querySelector("[data-pick]")?.click(),
    "/": () => document.getElementById("q").focus(),
    "?": showHelp,
  };

  document.addEventListener("keydown", (event) => {
    if (!help() || help().open || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && event.target.id === "q") return event.target.blur();
    if (isOff() || isTyping(event.target) || !Object.hasOwn(KEYS, event.key)) return;
    event.preventDefault();
    KEYS[event.key]();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-help]")) showHelp();
  });

  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-keys-on]")) return;
    try {
      localStorage.setItem(OFF, event.target.checked ? "no" : "yes");
    } catch {
      // Nothing to keep it in: it counts until the page is left.
    }
  });
}
