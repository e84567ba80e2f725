"use strict";

// What every page needs of the browser; all of it works without.

document.documentElement.classList.add("scripted");
