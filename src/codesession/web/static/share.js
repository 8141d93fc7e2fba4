// How does a month become a picture? It is drawn on a canvas in this browser, and goes nowhere but where its reader puts it.
"use strict";
(() => {
  const WIDTH = 1200;
  const HEIGHT = 630;
  const EDGE = 64;
  const FONT = '"Inter", system-ui, sans-serif';
  const COLOURS = {
    light: { from: "#ffffff", to: "#eeeefb", glow: "rgb(83 83 207 / 13%)", edge: "rgb(83 83 207 / 0%)", text: "#17171c", muted: "#60626d", line: "#dcdce6", accent: "#5353cf", bar: "#b9b9ee", bars: ["#5353cf", "#0e9aa7", "#e08627"] },
    dark: { from: "#0a0b0f", to: "#171830", glow: "rgb(146 147 247 / 20%)", edge: "rgb(146 147 247 / 0%)", text: "#f1f1f4", muted: "#9a9daa", line: "#2b2d3a", accent: "#9293f7", bar: "#45467f", bars: ["#9293f7", "#2fc3cf", "#f2a14a"] },
  };
  let theme = null; // the page's, until another is chosen

  const money = (cost) =>
    cost === null ? "–" : new Intl.NumberFormat("en-US", { style: "currency", currency: "USD", maximumFractionDigits: cost >= 1000 ? 0 : 2, minimumFractionDigits: cost >= 1000 ? 0 : 2 }).format(cost);
  const short = (number) => {
    for (const [size, letter] of [[1e9, "B"], [1e6, "M"], [1e3, "K"]]) {
      if (number >= size) return `${(number / size).toFixed(1).replace(/\.0$/, "")}${letter}`;
    }
    return String(number);
  };
  const hours = (seconds) => (seconds < 3600 ? `${Math.floor(seconds / 60)}m` : `${Math.round(seconds / 3600)}h`);
  const day = (iso) => new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", timeZone: "UTC" }).format(new Date(iso));

  // A pen that writes words where they fit, and measures them.
  const pen = (canvas) => {
    const context = canvas.getContext("2d");
    context.textRendering = "geometricPrecision";
    const write = (words, x, y, { size, weight = 400, colour, align = "left", most = Infinity, tracking = "0px" }) => {
      context.font = `${weight} ${size}px ${FONT}`;
      context.letterSpacing = tracking;
      context.fillStyle = colour;
      context.textAlign = align;
      context.textBaseline = "alphabetic";
      let shown = words;
      while (context.measureText(shown).width > most && shown.length > 2) shown = `${shown.slice(0, -2).trimEnd()}…`;
      context.fillText(shown, x, y);
      return context.measureText(shown).width;
    };
    const box = (x, y, width, height, radius, colour) => {
      context.fillStyle = colour;
      context.beginPath();
      context.roundRect(x, y, width, height, radius);
      context.fill();
    };
    return { context, write, box };
  };

  const ground = ({ context }, look) => {
    const shade = context.createLinearGradient(0, 0, WIDTH, HEIGHT);
    shade.addColorStop(0, look.from);
    shade.addColorStop(1, look.to);
    context.fillStyle = shade;
    context.fillRect(0, 0, WIDTH, HEIGHT);
    const glow = context.createRadialGradient(WIDTH - 160, 40, 0, WIDTH - 160, 40, 560);
    glow.addColorStop(0, look.glow);
    glow.addColorStop(1, look.edge);
    context.fillStyle = glow;
    context.fillRect(0, 0, WIDTH, HEIGHT);
  };

  const days = ({ write, box }, card, look) => {
    const top = 412;
    const foot = 542;
    const width = 660;
    const most = Math.max(...card.dailyCosts.map((cost) => cost ?? 0), 0);
    const step = width / card.dailyCosts.length;
    const busiest = card.busiestDay === null ? -1 : Number(card.busiestDay.slice(8)) - 1;
    card.dailyCosts.forEach((cost, index) => {
      const height = most > 0 ? Math.max(3, ((cost ?? 0) / most) * (foot - top)) : 3;
      box(EDGE + index * step, foot - height, step * 0.66, height, Math.min(4, height / 2), index === busiest ? look.accent : cost ? look.bar : look.line);
    });
    const told = busiest < 0 ? "Nothing was tracked" : `Busiest day: ${day(card.busiestDay)}${card.dailyCosts[busiest] ? `, ${money(card.dailyCosts[busiest])}` : ""}`;
    write(told, EDGE, 578, { size: 20, colour: look.muted });
  };

  const ranking = ({ write, box }, title, rows, y, look) => {
    const left = 800;
    const width = WIDTH - EDGE - left;
    write(title, left, y, { size: 20, weight: 500, colour: look.muted });
    const most = Math.max(...rows.map(([, cost]) => cost ?? 0), 0);
    rows.forEach(([name, cost], index) => {
      const line = y + 40 + index * 58;
      const taken = write(money(cost), WIDTH - EDGE, line, { size: 21, weight: 600, colour: look.text, align: "right" });
      write(name, left, line, { size: 21, weight: 500, colour: look.text, most: width - taken - 18 });
      box(left, line + 12, width, 7, 3.5, look.line);
      if (most > 0 && cost) box(left, line + 12, Math.max(7, (cost / most) * width), 7, 3.5, look.bars[index]);
    });
  };

  const draw = (canvas, withProjects) => {
    const card = JSON.parse(canvas.dataset.card);
    const look = COLOURS[theme ?? document.documentElement.dataset.theme];
    const hand = pen(canvas);
    const { write, box } = hand;
    ground(hand, look);

    box(EDGE, 62, 22, 22, 7, look.accent);
    write("codesession", EDGE + 36, 82, { size: 27, weight: 650, colour: look.text, tracking: "-0.5px" });
    write(card.title, WIDTH - EDGE, 82, { size: 27, weight: 500, colour: look.muted, align: "right" });

    write("My AI agents cost", EDGE, 168, { size: 27, weight: 500, colour: look.muted });
    write(money(card.cost), EDGE - 4, 274, { size: 112, weight: 700, colour: look.text, tracking: "-4px", most: 690 });

    const figures = [[short(card.sessions), "sessions"], [hours(card.totalTime), "at work"], [short(card.tokens), "tokens"], [short(card.files), "files"], [short(card.commits), "commits"]];
    figures.forEach(([figure, name], index) => {
      const x = EDGE + index * 136;
      write(figure, x, 338, { size: 31, weight: 650, colour: look.text, most: 128, tracking: "-0.5px" });
      write(name, x, 364, { size: 19, colour: look.muted });
    });
    days(hand, card, look);

    ranking(hand, "Top models", card.models.map(({ model, cost }) => [model, cost]), 168, look);
    if (withProjects) ranking(hand, "Top projects", card.projects.map(({ project, cost }) => [project, cost]), 392, look);
    else {
      write(short(card.calls), 800, 488, { size: 52, weight: 700, colour: look.text, tracking: "-1.5px" });
      write("calls, counted one by one", 800, 522, { size: 19, colour: look.muted, most: WIDTH - EDGE - 800 });
    }
    canvas.dataset.drawn = `${card.month} ${theme ?? document.documentElement.dataset.theme}${withProjects ? " projects" : ""}`;
  };

  const picture = (canvas) => new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The browser could not make a picture."))), "image/png");
  });
  const say = (sentence, kind) => window.codesession.toast(sentence, kind);

  const save = async (canvas) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await picture(canvas));
    link.download = `codesession-${JSON.parse(canvas.dataset.card).month}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
  const copy = async (canvas) => {
    try {
      await navigator.clipboard.write([new ClipboardItem({ "image/png": picture(canvas) })]);
      say("The picture is copied.");
    } catch {
      say("The browser does not let this page copy pictures: download it.", "bad");
    }
  };

  const redraw = () => {
    const canvas = document.getElementById("share-card");
    if (!canvas) return;
    draw(canvas, document.getElementById("share-projects").checked);
    const now = theme ?? document.documentElement.dataset.theme;
    for (const button of document.querySelectorAll("[data-card-theme]")) button.setAttribute("aria-pressed", String(button.dataset.cardTheme === now));
  };

  document.addEventListener("click", (event) => {
    const canvas = document.getElementById("share-card");
    const chosen = event.target.closest("[data-card-theme]");
    if (chosen) { theme = chosen.dataset.cardTheme; redraw(); }
    else if (event.target.closest("#share-save")) save(canvas);
    else if (event.target.closest("#share-copy")) copy(canvas);
  });
  document.addEventListener("change", (event) => { if (event.target.id === "share-projects") redraw(); });
  document.addEventListener("htmx:afterSettle", redraw); // another month
  document.addEventListener("themechange", redraw);
  document.fonts.load(`600 20px "Inter"`).catch(() => {}).finally(redraw); // a canvas keeps the font it was drawn with
})();
