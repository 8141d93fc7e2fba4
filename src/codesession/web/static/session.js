// What does the page of a session do by itself? It moves between tabs by keys, folds files, and counts their lines.
"use strict";
(() => {
  // Tabs as https://www.w3.org/WAI/ARIA/apg/patterns/tabs/ has them: arrows move, and what is moved to opens.
  const STEPS = { ArrowRight: 1, ArrowLeft: -1 };
  document.addEventListener("keydown", (event) => {
    const tab = event.target.closest?.("[role=tab]");
    if (!tab || event.ctrlKey || event.metaKey || event.altKey) return;
    const tabs = [...tab.closest("[role=tablist]").querySelectorAll("[role=tab]")];
    const at = tabs.indexOf(tab);
    let to = null;
    if (event.key in STEPS) to = tabs[(at + STEPS[event.key] + tabs.length) % tabs.length];
    else if (event.key === "Home") to = tabs[0];
    else if (event.key === "End") to = tabs.at(-1);
    else if (event.key === " ") to = tab;
    if (!to) return;
    event.preventDefault();
    to.focus();
    to.click();
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-folds]");
    if (!button) return;
    const files = button.closest("#diff, .inner").querySelectorAll("details.file");
    const isOpen = [...files].some((file) => file.open);
    for (const file of files) file.open = !isOpen;
    button.textContent = isOpen ? "Expand all" : "Collapse all";
  });

  // Lines that files gained and lost take git a moment: they come after the page, and again when more has changed.
  let counted = ""; // what they were last asked for
  let stats = new Map();
  const number = (sign, amount, kind) => {
    const place = document.createElement("span");
    place.className = kind;
    place.textContent = sign + amount.toLocaleString("en");
    return place;
  };
  const write = () => {
    const done = new Set(); // of what changed more than once, the last line tells
    for (const place of [...document.querySelectorAll("#timeline [data-path]")].reverse()) {
      const stat = stats.get(place.dataset.path);
      const isShown = stat && stat.additions !== null && !done.has(place.dataset.path);
      done.add(place.dataset.path);
      place.replaceChildren(...(isShown ? [number("+", stat.additions, "good"), " ", number("−", stat.deletions, "bad")] : []));
    }
  };
  const count = async () => {
    const place = document.getElementById("timeline");
    if (!place?.dataset.stats || !place.querySelector("[data-path]")) return;
    const wanted = `${place.dataset.stats} ${place.dataset.state}`;
    if (wanted === counted) { write(); return; }
    counted = wanted;
    try {
      const response = await fetch(place.dataset.stats, { headers: { accept: "application/json" } });
      if (!response.ok) return; // the repository is gone: then there is nothing to count
      stats = new Map((await response.json()).map((stat) => [stat.filePath, stat]));
      write();
    } catch {
      counted = ""; // the server is away: the next update asks again
    }
  };

  // A diff stays as it was read, so that nobody loses his place; that there is more since then is said.
  const date = () => {
    const again = document.getElementById("again");
    const diff = document.getElementById("diff");
    if (!again || !diff) return;
    const isOld = Boolean(diff.dataset.state) && diff.dataset.state !== again.dataset.state;
    again.textContent = isOld ? "More has changed: read again" : "Read again";
    again.classList.toggle("primary", isOld);
  };

  const drawn = () => { count(); date(); };
  document.addEventListener("DOMContentLoaded", drawn);
  document.addEventListener("htmx:afterSwap", drawn);
})();
