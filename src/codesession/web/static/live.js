// How does a page stay as the ledger is? The server says when it has changed; the page is drawn anew and morphed.
//
// Browsers allow six connections to a host, so one tab listens for all of them: the one that holds a lock, which the next
// gets when it is closed. What it hears it tells the others. Where there are no locks (over the network, without TLS),
// each tab listens while it is to be seen. `live` on the body means: draw yourself anew; forms.js sends it too.
"use strict";
(() => {
  const AGAIN_MS = 4000;
  const hasLeader = "locks" in navigator && "BroadcastChannel" in window;
  const channel = hasLeader ? new BroadcastChannel("codesession.live") : null;
  let source = null; // the connection, in the tab that has it
  let version = ""; // of the ledger, as last heard
  let last = ""; // the id of the last event
  let isGone = false;
  let timer = 0;

  const refresh = () => document.body.dispatchEvent(new CustomEvent("live"));
  const changed = () => { if (!document.hidden) refresh(); }; // a hidden tab does when it is looked at

  const show = (state) => {
    const place = document.getElementById("connection");
    if (!place || place.dataset.state === state) return;
    place.dataset.state = state;
    place.textContent = state === "live" ? "live" : "not connected";
  };

  const hear = (message) => {
    if (message.kind === "who") {
      if (source) channel.postMessage(isGone ? { kind: "gone" } : { kind: "hello", version, id: last });
      return;
    }
    if (message.id) last = message.id;
    show(message.kind === "gone" ? "gone" : "live");
    if (message.kind === "gone") { isGone = true; return; }
    // Something may have changed after the page was drawn and before this tab, or the one that leads now, was connected.
    const known = document.getElementById("page")?.dataset.version || version;
    if (message.version) version = message.version;
    if (message.kind === "change" || isGone || (message.kind === "hello" && known && known !== version)) changed();
    isGone = false;
    if (message.kind === "alert") document.dispatchEvent(new CustomEvent("alert", { detail: message.alert }));
  };
  const tell = (message) => { hear(message); channel?.postMessage(message); };
  if (channel) channel.onmessage = (event) => hear(event.data);

  const open = () => {
    close();
    source = new EventSource(last ? `/live?after=${encodeURIComponent(last)}` : "/live");
    source.addEventListener("hello", (event) => tell({ kind: "hello", version: event.data, id: event.lastEventId }));
    source.addEventListener("change", (event) => tell({ kind: "change", version: event.data }));
    source.addEventListener("alert", (event) => tell({ kind: "alert", id: event.lastEventId, alert: JSON.parse(event.data) }));
    source.onerror = () => {
      tell({ kind: "gone" });
      if (source?.readyState === EventSource.CLOSED) timer = setTimeout(open, AGAIN_MS); // otherwise the browser tries again
    };
  };
  const close = () => { clearTimeout(timer); source?.close(); source = null; };

  let leads = !hasLeader;
  if (hasLeader) {
    navigator.locks.request("codesession.live", () => { leads = true; open(); return new Promise(() => {}); });
    channel.postMessage({ kind: "who" });
  } else if (!document.hidden) {
    open();
  }
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) refresh();
    if (!hasLeader) document.hidden ? close() : open();
  });
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => { if (event.persisted) { if (leads) open(); refresh(); } });

  // --- what a morph leaves alone ---

  const isTouched = (field) => {
    if (field.matches("input[type=checkbox], input[type=radio]")) return field.checked !== field.defaultChecked;
    if (field.matches("select")) {
      const options = [...field.options];
      const chosen = options.findIndex((option) => option.defaultSelected);
      return field.multiple
        ? options.some((option) => option.selected !== option.defaultSelected)
        : field.selectedIndex !== (chosen < 0 ? Math.min(0, options.length - 1) : chosen);
    }
    return field.value !== field.defaultValue;
  };
  const isLeftAlone = (node) =>
    node instanceof Element &&
    (node.matches("[data-own]") || // what a script of ours writes
      node.matches("dialog[open] [data-shows], dialog[open] input[type=hidden]") || // what it was opened for
      (node.matches("input:not([type=hidden]), textarea, select") && isTouched(node)) ||
      (node.matches("[role=alert]") && !node.hidden && node.textContent.trim() !== ""));
  const OF_THE_READER = {
    open: "details, dialog",
    hidden: "[role=tabpanel]",
    "aria-selected": "[role=tab]",
    tabindex: "[role=tab]",
    "aria-expanded": "[aria-controls]",
    "aria-busy": "form, button",
  };

  const callbacks = window.Idiomorph?.defaults.callbacks;
  if (callbacks) {
    const { beforeNodeMorphed, beforeAttributeUpdated } = callbacks;
    callbacks.beforeNodeMorphed = (node, fresh) => (isLeftAlone(node) ? false : beforeNodeMorphed(node, fresh));
    callbacks.beforeAttributeUpdated = (name, node, kind) =>
      Object.hasOwn(OF_THE_READER, name) && node.matches(OF_THE_READER[name]) ? false : beforeAttributeUpdated(name, node, kind);
  }

  // A row that has moved takes the focus of what is in it along only in newer browsers.
  let focused = "";
  document.addEventListener("htmx:beforeSwap", () => { focused = document.activeElement?.id || ""; });
  document.addEventListener("htmx:afterSwap", () => {
    if (focused && (!document.activeElement || document.activeElement === document.body)) {
      document.getElementById(focused)?.focus({ preventScroll: true });
    }
  });
})();
