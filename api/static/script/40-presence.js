// Says that somebody looks at this case, or writes in it, for as long as the page is seen, and
// shows who else does. Nothing is said of what they write.
{
  const EVERY = 15000;
  const STILL_WRITING = 20000;
  let wroteAt = 0;
  let was = "";

  const form = () => document.querySelector("[data-beat]");
  const doing = () => (Date.now() - wroteAt < STILL_WRITING ? "write" : "look");

  const say = () => {
    const beat = form();
    if (!beat || document.hidden) return;
    was = doing();
    htmx.ajax("POST", beat.getAttribute("action"), {
      target: "#presence",
      swap: "innerHTML",
      values: { csrf: beat.elements.csrf.value, does: was },
    });
  };

  const leave = () => {
    const beat = form();
    if (!beat || !was) return;
    was = "";
    const body = new URLSearchParams({ csrf: beat.elements.csrf.value, does: "leave" });
    fetch(beat.getAttribute("action"), { method: "POST", body, keepalive: true }).catch(() => {});
  };

  document.addEventListener("input", (event) => {
    if (!event.target.matches("textarea")) return;
    wroteAt = Date.now();
    if (was === "look") say();
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? leave() : say()));
  addEventListener("pagehide", leave);
  setInterval(say, EVERY);
  say();
}
