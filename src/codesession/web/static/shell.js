// What does the frame around the pages do? The menu on narrow screens, dialogs, tabs, copying, and messages in passing.
"use strict";
(() => {
  const menu = () => document.querySelector("[data-menu]");
  const open = (isOpen) => {
    menu().setAttribute("aria-expanded", String(isOpen));
    document.getElementById("side").classList.toggle("is-open", isOpen);
  };

  // What a dialog is about: its fields, by name, and the places that show them.
  const fill = (dialog, values) => {
    const form = dialog.querySelector("form");
    form.reset();
    for (const [name, value] of Object.entries(values)) {
      if (form.elements[name]) form.elements[name].value = value;
      for (const place of dialog.querySelectorAll(`[data-shows="${name}"]`)) place.textContent = value;
    }
    for (const place of dialog.querySelectorAll("[role=alert]")) place.textContent = "";
  };

  document.addEventListener("click", async (event) => {
    const target = event.target;
    if (target.closest("[data-menu]")) { open(menu().getAttribute("aria-expanded") !== "true"); return; }
    const opener = target.closest("[data-opens]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.opens);
      if (opener.dataset.fill) fill(dialog, JSON.parse(opener.dataset.fill));
      dialog.showModal();
      return;
    }
    const closer = target.closest("[data-closes]");
    if (closer) { closer.closest("dialog").close(); return; }
    if (target.matches("dialog[open]")) { target.close(); return; } // its backdrop
    const copier = target.closest("[data-copies]");
    if (copier) {
      const text = document.getElementById(copier.dataset.copies).textContent.trim();
      try { await navigator.clipboard.writeText(text); toast("Copied."); } catch { toast("The browser does not let this page copy.", "bad"); }
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu()?.getAttribute("aria-expanded") === "true") { open(false); menu().focus(); }
  });

  // A message in passing, read out by screen readers.
  const toast = (sentence, kind = "") => {
    const box = document.createElement("p");
    box.className = `toast ${kind}`;
    box.textContent = sentence;
    document.getElementById("toasts").append(box);
    setTimeout(() => box.remove(), 6000);
  };
  window.codesession = Object.assign(window.codesession || {}, { toast });
})();
