// A request of the page that fails says so, and what to do about it, in the words that stand in
// the page. It is said until the same is asked again and answered; where the service could not be
// reached at all, until it can be. Other scripts tell it by the event "failed" of the document,
// whose detail has the reason: away, signed-out, foreign or refused.
{
  const REASONS = { unauthenticated: "signed-out", foreign_form: "foreign" };
  let failed = null;

  const marker = () => document.getElementById("failed");

  const show = (reason, why) => {
    const place = marker();
    if (!place) return;
    for (const text of place.querySelectorAll("[data-why]")) {
      text.hidden = text.dataset.why !== reason;
    }
    // Said once: a marker that does not change is not announced again.
    const detail = place.querySelector("[data-detail]");
    if (detail.textContent !== why) detail.textContent = why;
    place.hidden = !reason;
  };

  const tell = (reason, why = "", path = "") => {
    failed = { reason, path };
    show(reason, why);
  };

  const forget = () => {
    if (failed) show("", "");
    failed = null;
  };

  const pathOf = (detail) => (detail.pathInfo?.requestPath ?? "").split("?")[0];

  // Nobody waits for what is asked all the time: that a page is not live is said by itself.
  const isInPassing = (detail) => detail.target?.matches?.("[data-presence], [data-live]") ?? false;

  const problemOf = (request) => {
    try {
      return JSON.parse(request.responseText);
    } catch {
      return {};
    }
  };

  document.addEventListener("htmx:responseError", ({ detail }) => {
    const { code, detail: why } = problemOf(detail.xhr);
    const reason = REASONS[code] ?? (detail.xhr.status === 401 ? "signed-out" : "");
    if (reason) tell(reason);
    else if (isInPassing(detail)) return;
    else if (why) tell("refused", why, pathOf(detail));
    else tell("fault", "", pathOf(detail));
  });

  for (const happened of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(happened, ({ detail }) => {
      if (!isInPassing(detail)) tell("away");
    });
  }

  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (!detail.successful || !failed) return;
    if (failed.reason === "away" || !failed.path || failed.path === pathOf(detail)) forget();
  });

  document.addEventListener("failed", ({ detail }) => tell(detail.reason, detail.why));
}
