// Who is told of a breach while looking elsewhere? Whoever has switched the alarm on: by a sound and a notification.
//
// Only of what happens from now on, and in one tab: live.js passes on new events only, and each is claimed by its moment in
// localStorage. Permission to notify is asked for when the switch is clicked, and at no other time.
"use strict";
(() => {
  const KEY = "codesession.alarm";
  const LAST = "codesession.alarm.last";
  const QUIET_MS = 3000; // between two sounds
  const OTHERS_MS = 400; // for which a tab that may not make a sound lets others go first

  const read = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  const write = (key, value) => { try { localStorage.setItem(key, value); } catch { /* private mode: not remembered */ } };
  const isOn = () => read(KEY) === "on";

  // --- the sound: two soft tones, made here ---

  let audio = null;
  let sounded = -Infinity;
  const wake = async () => { // browsers allow sound after a click or a key only
    audio ||= new AudioContext();
    if (audio.state === "suspended") await audio.resume();
  };
  const sound = () => {
    if (audio?.state !== "running" || performance.now() - sounded < QUIET_MS) return;
    sounded = performance.now();
    for (const [tone, after] of [[880, 0], [660, 0.22]]) {
      const from = audio.currentTime + after;
      const oscillator = new OscillatorNode(audio, { frequency: tone, type: "sine" });
      const gain = new GainNode(audio, { gain: 0 });
      gain.gain.setValueAtTime(0, from);
      gain.gain.linearRampToValueAtTime(0.25, from + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.001, from + 0.4);
      oscillator.connect(gain).connect(audio.destination);
      oscillator.start(from);
      oscillator.stop(from + 0.42);
    }
    document.dispatchEvent(new CustomEvent("alarm:sound"));
  };

  // --- one tab for each breach ---

  const placeOf = (alert) => `${alert.at} ${String(alert.id).padStart(19, "0")}`;
  const claim = (alert) => {
    const take = () => {
      if (placeOf(alert) <= (read(LAST) || "")) return false;
      write(LAST, placeOf(alert));
      return true;
    };
    return "locks" in navigator ? navigator.locks.request("codesession.alarm", take) : Promise.resolve(take());
  };
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));

  const notify = (alert) => {
    if (!("Notification" in window) || Notification.permission !== "granted") return;
    const tag = `codesession-${alert.kind}-${alert.sessionId ?? ""}`; // a loop of refusals is one notification
    const shown = new Notification("codesession", { body: alert.message, tag });
    shown.onclick = () => { window.focus(); location.assign("/alerts"); };
  };

  document.addEventListener("alert", async (event) => {
    const alert = event.detail;
    if (!isOn()) return;
    if (audio?.state !== "running" || document.hidden) await pause(OTHERS_MS);
    if (!(await claim(alert))) return;
    sound();
    notify(alert);
    window.codesession.toast(alert.message, "bad");
  });

  // --- the switch ---

  const says = () => {
    if (!isOn()) return "Off. You see breaches when you look here.";
    if (!("Notification" in window)) return "On, with a sound only: browsers notify on localhost and over TLS.";
    return Notification.permission === "granted"
      ? "On: a sound and a notification at each new breach, as long as a page is open."
      : "On, with a sound only: the browser does not let this page notify.";
  };
  const draw = () => {
    for (const button of document.querySelectorAll("[data-alarm]")) button.setAttribute("aria-checked", String(isOn()));
    for (const place of document.querySelectorAll("[data-alarm-says]")) place.textContent = says();
  };
  document.addEventListener("click", async (event) => {
    if (isOn()) wake();
    if (!event.target.closest("[data-alarm]")) return;
    write(KEY, isOn() ? "off" : "on");
    draw();
    if (!isOn()) return;
    wake();
    if ("Notification" in window && Notification.permission === "default") await Notification.requestPermission();
    draw();
  });
  document.addEventListener("keydown", () => { if (isOn()) wake(); });
  addEventListener("storage", (event) => { if (event.key === KEY) draw(); });
  draw();
})();
