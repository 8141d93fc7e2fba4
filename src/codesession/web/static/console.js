// How does the Command centre keep time? What lasts counts on each second, and what is told by the hour is asked for again.
"use strict";
(() => {
  const AGAIN_MS = 15000;
  const words = (seconds) => { // as report/formats.py writes them
    if (seconds < 60) return `${seconds}s`;
    const minutes = Math.floor(seconds / 60);
    return minutes < 60 ? `${minutes}m` : `${Math.floor(minutes / 60)}h ${minutes % 60}m`;
  };
  const tick = () => {
    if (document.hidden) return;
    for (const place of document.querySelectorAll("[data-since]")) {
      const said = words(Math.max(0, Math.floor((Date.now() - Number(place.dataset.since)) / 1000)));
      if (place.textContent !== said) place.textContent = said;
    }
  };
  setInterval(tick, 1000);
  setInterval(() => { if (!document.hidden) document.body.dispatchEvent(new CustomEvent("live")); }, AGAIN_MS);
})();
