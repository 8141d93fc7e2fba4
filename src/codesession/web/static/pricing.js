// What was found, in the dialog that asked for it: calls that get a price, models on this machine.
"use strict";
(() => {
  const counted = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

  const dollars = (amount) => `${amount < 0 ? "−" : ""}$${Math.abs(amount).toFixed(4)}`;

  const repriced = (answer) => {
    const calls = answer.models.reduce((sum, model) => sum + model.calls, 0);
    const left = answer.left ? ` ${counted(answer.left, "call")} still without a price.` : "";
    return calls
      ? `${counted(calls, "call")} ${answer.written ? "changed" : "would change"}, by ${dollars(answer.after - answer.before)}.${left}`
      : `No call changes.${left}`;
  };

  const served = (answer) => {
    const lines = answer.servers.flatMap((server) => server.models.map((model) =>
      `${server.provider}: ${model.model}, ${model.runsAt ? `runs at ${model.runsAt}` : model.costPerHour === null ? "no rate" : `$${model.costPerHour} an hour`}`));
    return [...(lines.length ? lines : ["No model server answered."]), ...answer.problems];
  };

  // What was found is of then: a dialog that is opened again has found nothing yet. "close" does not bubble.
  document.addEventListener("close", (event) => event.target.querySelector("[data-found]")?.replaceChildren(), true);

  document.addEventListener("api:done", (event) => {
    const found = event.target.closest("dialog")?.querySelector("[data-found]");
    if (!found) return;
    if (event.detail.models) found.textContent = repriced(event.detail);
    else if (event.detail.servers) found.replaceChildren(...served(event.detail).map((line) => Object.assign(document.createElement("li"), { textContent: line })));
  });
})();
