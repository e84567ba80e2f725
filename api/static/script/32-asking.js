// What goes out in public is shown before it is done: in a dialog here, on a page of its own
// without script. Whatever else the answer is, the browser shows it in the ordinary way.
{
  const dialog = () => {
    let found = document.querySelector("dialog.asking");
    if (!found) {
      found = document.createElement("dialog");
      found.className = "asking";
      found.setAttribute("aria-labelledby", "looking");
      document.body.append(found);
    }
    return found;
  };

  const ask = async (form, button) => {
    const body = new URLSearchParams(new FormData(form, button));
    const headers = { Accept: "text/html", "HX-Request": "true" };
    const answer = await fetch(form.action, { method: "POST", body, headers, redirect: "manual" });
    const text = answer.ok ? await answer.text() : "";
    if (!text.includes('class="looking')) return false;
    const shown = dialog();
    shown.innerHTML = text;
    shown.showModal();
    return true;
  };

  document.body.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("form[data-ask]") || event.submitter?.hasAttribute("formaction")) return;
    event.preventDefault();
    try {
      if (await ask(form, event.submitter)) return;
    } catch {
      // The service cannot be reached: the browser says so itself.
    }
    form.submit();
  });

  document.body.addEventListener("click", (event) => {
    if (!event.target.closest("dialog.asking [data-close]")) return;
    event.preventDefault();
    dialog().close();
  });
}
