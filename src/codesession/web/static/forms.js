// How does a page change something? Through the JSON API, as any other program does.
//
// <form data-api="POST /api/v1/pricing"> sends its fields as one JSON object, by name; a field that is empty is left out,
// and data-type="number", "integer" or "boolean" says what a field is. {name} in the address is taken from the field of
// that name. <button data-api="…"> does the same with the data-json object it has. The answer's error is shown in the
// nearest [role=alert]; after a success its dialog closes, unless it has data-stays, and the page is drawn anew, or goes to
// data-then.
"use strict";
(() => {
  const valueOf = (field) => {
    const type = field.dataset.type;
    if (field.type === "checkbox") return field.checked;
    const text = field.value.trim();
    if (text === "") return undefined;
    if (type === "number" || type === "integer") {
      const number = Number(text);
      return Number.isFinite(number) ? number : text; // what is no number is for the server to explain
    }
    if (type === "boolean") return text === "true";
    return text;
  };

  const bodyOf = (form) => {
    const body = {};
    for (const field of form.elements) {
      if (!field.name || field.disabled || (field.type === "radio" && !field.checked)) continue;
      const value = valueOf(field);
      if (value !== undefined) body[field.name] = value;
    }
    return body;
  };

  const filled = (address, body) =>
    address.replace(/\{(\w+)\}/g, (_, name) => {
      const value = body[name];
      delete body[name];
      return encodeURIComponent(value ?? "");
    });

  const alertOf = (element) => element.querySelector("[role=alert]") || element.closest("dialog, form, section, main")?.querySelector("[role=alert]");

  const say = (element, sentence) => {
    const place = alertOf(element);
    if (place) { place.textContent = sentence; place.hidden = !sentence; }
    else if (sentence) window.codesession.toast(sentence, "bad");
  };

  const send = async (element, body) => {
    const [method, address] = element.dataset.api.split(" ");
    const to = filled(address, body);
    const headers = { accept: "application/json" };
    const request = { method, headers };
    if (method !== "DELETE" || Object.keys(body).length) {
      headers["content-type"] = "application/json";
      request.body = JSON.stringify(body);
    }
    for (const [name, value] of Object.entries(JSON.parse(element.dataset.headers || "{}"))) headers[name] = value;
    try {
      const response = await fetch(to, request);
      const answer = response.status === 204 ? {} : await response.json();
      if (!response.ok) throw new Error(answer.error || `The server answered ${response.status}.`);
      return answer;
    } catch (error) {
      throw error instanceof TypeError ? new Error("codesession does not answer: is it still running?") : error;
    }
  };

  const act = async (element, body) => {
    if (element.getAttribute("aria-busy") === "true") return; // once is enough
    element.setAttribute("aria-busy", "true");
    say(element, "");
    try {
      const answer = await send(element, body);
      element.dispatchEvent(new CustomEvent("api:done", { bubbles: true, detail: answer }));
      if (element.matches("form:not([data-keeps])")) element.reset();
      if (!("stays" in element.dataset)) element.closest("dialog")?.close();
      if (element.dataset.says) window.codesession.toast(element.dataset.says);
      if (element.dataset.then) { location.assign(element.dataset.then.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(answer[name]))); return; }
      document.body.dispatchEvent(new CustomEvent("live"));
    } catch (error) {
      say(element, error.message);
    } finally {
      element.removeAttribute("aria-busy");
    }
  };

  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-api]");
    if (!form) return;
    event.preventDefault();
    act(form, bodyOf(form));
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-api]");
    if (button) act(button, JSON.parse(button.dataset.json || "{}"));
  });
})();
