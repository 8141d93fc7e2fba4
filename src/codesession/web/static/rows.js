// How does a row of a table open to what more there is? By its button, or a click anywhere on it that means nothing else.
"use strict";
(() => {
  document.addEventListener("click", (event) => {
    const row = event.target.closest("[data-row]");
    if (!row) return;
    const opener = row.querySelector("[aria-expanded]");
    const meansElse = event.target.closest("a, button, input, .evidence");
    if ((meansElse && meansElse !== opener) || String(getSelection())) return;
    opener.setAttribute("aria-expanded", String(opener.getAttribute("aria-expanded") !== "true"));
  });
})();
