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

  const send = async (form, button) => {
    const body = new URLSearchParams(new FormData(form, button));
    const headers = { Accept: "text/html", "HX-Request": "true" };
    const answer = await fetch(form.action, { method: "POST", body, headers, redirect: "manual" });
    return answer.ok ? await answer.text() : "";
  };

  document.body.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("form[data-ask]") || event.submitter?.hasAttribute("formaction")) return;
    event.preventDefault();
    let text = "";
    try {
      text = await send(form, event.submitter);
    } catch {
      // The service cannot be reached: the page stays, with all that was typed.
      document.dispatchEvent(new CustomEvent("failed", { detail: { reason: "away" } }));
      return;
    }
    if (!text.includes('class="looking')) return form.submit();
    const shown = dialog();
    shown.innerHTML = text;
    shown.showModal();
  });

  document.body.addEventListener("click", (event) => {
    if (!event.target.closest("dialog.asking [data-close]")) return;
    event.preventDefault();
    dialog().close();
  });
}
