"use strict";

// What every page needs of the browser; all of it works without.

document.documentElement.classList.add("scripted");

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const shown = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(shown.textContent.trim());
    button.textContent = button.dataset.copied;
  } catch {
    // A browser that lets no page copy: it stands there marked, to be copied by hand.
    getSelection().selectAllChildren(shown);
  }
});
