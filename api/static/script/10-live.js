// Live pages. All tabs of a browser share one stream, because HTTP/1.1 allows six connections to
// a host and each stream holds one: the tab that was shown last opens it and tells the others by
// a BroadcastChannel. A hidden tab holds nothing; when it is shown again it takes the stream over
// from the position it has seen, so that it misses nothing.
//
// An element says what it is about, and asks for itself again when that changes:
//   <section data-live="escalation/01…" hx-trigger="live" hx-get="…">
// Others listen for the event "live" of the document, whose detail is [[stream, fact], …].
{
  const LOCK = "answerable-live";
  const SILENCE = 12000; // The server gives a sign of life every five seconds.
  const STALE = 10000;
  const LONGEST = 30000;

  const tabs = "BroadcastChannel" in window ? new BroadcastChannel(LOCK) : null;
  // Only a secure context has locks; without them each visible tab has a stream of its own.
  const locks = tabs && navigator.locks;
  let position = Number(document.body.dataset.position || 0);
  let source = null;
  let letGo = null;
  let heardAt = 0;
  let pause = 0;
  let retry = 0;
  let staleness = 0;
  let turn = 0;

  const isWanted = () => document.querySelector("[data-live]") !== null;

  const announce = (changes) => {
    document.dispatchEvent(new CustomEvent("live", { detail: changes }));
    for (const element of document.querySelectorAll("[data-live]")) {
      if (changes.some(([stream]) => element.dataset.live.split(" ").includes(stream))) {
        htmx.trigger(element, "live");
      }
    }
  };

  // Stale or not. --------------------------------------------------------------------------------

  const showStale = (reason) => {
    const marker = document.getElementById("stale");
    if (!marker) return;
    for (const text of marker.querySelectorAll("[data-why]")) {
      text.hidden = text.dataset.why !== reason;
    }
    marker.hidden = !reason;
  };

  const isHere = () => {
    clearTimeout(staleness);
    staleness = 0;
    showStale("");
  };

  const isAway = () => {
    if (!staleness) staleness = setTimeout(() => showStale("away"), STALE);
  };

  // What comes over the stream or from the tab that holds it. ------------------------------------

  const hear = (told) => {
    if (told.is === "away") return isAway();
    isHere();
    if (told.is === "reset") {
      position = told.id;
      showStale("much");
    } else if (told.is === "present") {
      announce(told.changes);
    } else if (told.is === "changed" && told.id > position) {
      position = told.id;
      announce(told.changes);
    }
  };

  const pass = (told) => {
    if (tabs) tabs.postMessage(told);
    hear(told);
  };

  if (tabs) {
    tabs.onmessage = (message) => {
      if (!document.hidden && !source) hear(message.data);
    };
  }

  // The stream. ----------------------------------------------------------------------------------

  const close = () => {
    clearTimeout(retry);
    if (source) source.close();
    source = null;
  };

  const lose = () => {
    close();
    pass({ is: "away" });
    pause = Math.min(pause ? pause * 2 : 1000, LONGEST);
    retry = setTimeout(open, pause);
  };

  const open = () => {
    close();
    heardAt = Date.now();
    source = new EventSource(`/live?after=${position}`);
    const on = (kind, tell) =>
      source.addEventListener(kind, (event) => {
        heardAt = Date.now();
        pause = 0;
        pass(tell(event));
      });
    const changes = (event) => JSON.parse(event.data);
    on("beat", () => ({ is: "beat" }));
    on("reset", (event) => ({ is: "reset", id: Number(event.lastEventId) }));
    on("changed", (event) => ({
      is: "changed",
      id: Number(event.lastEventId),
      changes: changes(event),
    }));
    on("present", (event) => ({ is: "present", changes: changes(event) }));
    source.onerror = lose;
  };

  setInterval(() => {
    if (source && Date.now() - heardAt > SILENCE) lose();
  }, 2000);

  // Whose turn it is to hold it. -----------------------------------------------------------------

  const leave = () => {
    turn += 1;
    close();
    isHere();
    if (letGo) letGo();
    letGo = null;
  };

  const hold = (mine) =>
    new Promise((done) => {
      if (mine !== turn) return done();
      letGo = done;
      open();
    });

  const take = () => {
    if (document.hidden || !isWanted()) return;
    const mine = (turn += 1);
    if (!locks) return open();
    locks.request(LOCK, { steal: true }, () => hold(mine)).catch(() => {
      // Another tab was shown and has taken over: this one waits in line until that one leaves.
      if (mine !== turn) return;
      close();
      locks.request(LOCK, () => hold(mine));
    });
  };

  document.addEventListener("visibilitychange", () => {
    leave();
    take();
  });
  addEventListener("pagehide", leave);
  addEventListener("pageshow", (event) => {
    if (event.persisted) take();
  });
  take();
}
