// Which colours? The system's, unless the reader has chosen; set before anything is drawn.
"use strict";
(() => {
  const root = document.documentElement;
  const KEY = "codesession.theme";
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => {
    try { return localStorage.getItem(KEY); } catch { return null; }
  };
  const apply = () => {
    root.dataset.theme = chosen() || (system.matches ? "dark" : "light");
    document.dispatchEvent(new CustomEvent("themechange"));
  };
  apply();
  system.addEventListener("change", apply);
  addEventListener("storage", (event) => { if (event.key === KEY) apply(); });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-switch]")) return;
    const next = root.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem(KEY, next); } catch { /* private mode: for this page only */ }
    root.dataset.theme = next;
    document.dispatchEvent(new CustomEvent("themechange"));
  });
})();
