// How are charts drawn? By ECharts on a canvas, from the options that an element carries in data-options.
//
// Options are JSON, so two kinds of words in them stand for what JSON has not: "var(--accent)" is a colour of the style
// sheet, "fn:usd" writes numbers as money. A chart is drawn anew when its options, the colours or its size change. It
// sits in an element of its own inside the one that is morphed, which a live update leaves alone but for its options.
"use strict";
(() => {
  const NONE = "–";
  const shortened = (number) => {
    for (const [size, letter] of [[1e9, "B"], [1e6, "M"], [1e3, "K"]]) {
      if (Math.abs(number) >= size) return `${(number / size).toFixed(1).replace(/\.0$/, "")}${letter}`;
    }
    return String(Number(number.toFixed(2)));
  };
  const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
  const dollars = (number) => {
    const digits = number !== 0 && Math.abs(number) < 0.01 ? 4 : 2;
    return new Intl.NumberFormat("en-US", { style: "currency", currency: "USD", minimumFractionDigits: digits, maximumFractionDigits: digits }).format(number);
  };
  const duration = (seconds) => {
    if (seconds < 60) return `${Math.round(seconds)}s`;
    const minutes = Math.floor(seconds / 60);
    return minutes < 60 ? `${minutes}m` : `${Math.floor(minutes / 60)}h ${minutes % 60}m`;
  };
  const percent = (share) => `${Number((share * 100).toFixed(1))}%`;

  // Each with how it writes on an axis, where there is little room, and how in full.
  const FORMATS = {
    usd: [(number) => (Math.abs(number) < 0.01 && number !== 0 ? `$${Number(number.toPrecision(2))}` : `$${shortened(number)}`), dollars],
    tokens: [shortened, (number) => whole.format(number)],
    count: [shortened, (number) => whole.format(number)],
    duration: [duration, duration],
    percent: [percent, percent],
  };
  const formatter = (name, isAxis) => {
    const write = FORMATS[name]?.[isAxis ? 0 : 1];
    if (!write) throw new Error(`there is no format fn:${name}`);
    return (value) => (typeof value === "number" && Number.isFinite(value) ? write(value) : NONE);
  };

  const looks = () => {
    const style = getComputedStyle(document.documentElement);
    const known = new Map();
    const colour = (name) => {
      if (!known.has(name)) known.set(name, style.getPropertyValue(name).trim());
      return known.get(name);
    };
    return { colour, font: getComputedStyle(document.body).fontFamily };
  };

  // The options with what their words stand for; a word stands for something only where a colour or a format is said: names
  // are whatever agents and models are called.
  const filled = (value, colour, key = "", isAxis = false) => {
    if (Array.isArray(value)) return value.map((item) => filled(item, colour, key, isAxis));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, filled(item, colour, name, isAxis || name === "axisLabel")]));
    }
    if (typeof value !== "string") return value;
    if (/formatter$/i.test(key) && value.startsWith("fn:")) return formatter(value.slice(3), isAxis);
    return /color$/i.test(key) ? value.replace(/var\((--[\w-]+)\)/g, (_, name) => colour(name)) : value;
  };

  const theme = ({ colour, font }) => {
    const words = { color: colour("--muted"), fontFamily: font, fontSize: 12 };
    const axis = {
      axisLine: { show: false, lineStyle: { color: colour("--grid") } },
      axisTick: { show: false, lineStyle: { color: colour("--grid") } },
      axisLabel: { ...words, fontSize: 11.5 },
      splitLine: { lineStyle: { color: colour("--grid") } },
      nameTextStyle: words,
    };
    const pointer = { lineStyle: { color: colour("--line-strong") }, shadowStyle: { color: colour("--hover"), opacity: 0.7 }, label: { show: false } };
    return {
      color: ["--accent", "--c2", "--c3", "--c4", "--c5", "--c6"].map(colour),
      backgroundColor: "transparent",
      textStyle: { fontFamily: font, color: colour("--text") },
      legend: {
        top: 0, right: 0, icon: "roundRect", itemWidth: 9, itemHeight: 9, itemGap: 14,
        inactiveColor: colour("--line-strong"), textStyle: words,
        pageIconColor: colour("--muted"), pageIconInactiveColor: colour("--line-strong"), pageTextStyle: words,
      },
      tooltip: {
        confine: true, transitionDuration: 0, extraCssText: "box-shadow:none;z-index:5", backgroundColor: colour("--raised"), borderColor: colour("--line-strong"), borderWidth: 1,
        padding: [8, 11], textStyle: { color: colour("--text"), fontFamily: font, fontSize: 12 }, axisPointer: pointer,
      },
      axisPointer: pointer,
      categoryAxis: { ...axis, splitLine: { show: false }, axisLine: { show: true, lineStyle: { color: colour("--grid") } } },
      valueAxis: axis, timeAxis: axis, logAxis: axis,
      pie: { itemStyle: { borderColor: colour("--card"), borderWidth: 2 }, label: { color: colour("--text") }, animationDuration: 240 },
      line: { symbol: "circle", symbolSize: 6 },
    };
  };

  // What is told of the place that is pointed at. As elements: ECharts itself would write HTML with styles in it, which
  // the Content-Security-Policy forbids, or draw words on the canvas in a font that is not ours.
  const element = (name, text, style) => {
    const made = document.createElement(name);
    made.textContent = text;
    Object.assign(made.style, style);
    return made;
  };
  const telling = (write, colour) => (given) => {
    const points = [given].flat();
    const tip = element("div", "", { display: "grid", gridTemplateColumns: "auto 1fr auto", columnGap: "8px", rowGap: "3px", alignItems: "center" });
    const title = points[0].axisValueLabel ?? points[0].seriesName;
    tip.append(element("span", title, { gridColumn: "1 / -1", color: colour("--muted") }));
    for (const { seriesName, name, axisValueLabel, color, value, percent: share } of points) {
      const number = Array.isArray(value) ? value.at(-1) : value;
      if (number === null || number === undefined || number === NONE || number === "-") continue; // of another stretch of time
      tip.append(
        element("span", "", { width: "9px", height: "9px", borderRadius: "3px", background: color }),
        element("span", axisValueLabel === undefined ? name : seriesName, {}),
        element("strong", write(number) + (share === undefined ? "" : ` · ${Number(share.toFixed(1))}%`), { textAlign: "right", fontWeight: 600 }),
      );
    }
    return tip.childElementCount > 1 ? tip : "";
  };

  const charts = new Map(); // an element of the page → { chart, options, colours }
  const isStill = matchMedia("(prefers-reduced-motion: reduce)");
  let isReady = false;
  let colours = 0;

  const draw = (node) => {
    try { redraw(node); } catch (error) { console.error(`${node.id} cannot be drawn:`, error); } // the others still are
  };
  const redraw = (node) => {
    if (!isReady || !node.clientWidth || !node.clientHeight) return; // hidden: drawn when it gets a size
    const options = node.dataset.options;
    const drawn = charts.get(node);
    if (drawn?.chart && drawn.options === options && drawn.colours === colours) return;
    const look = looks();
    const given = filled(JSON.parse(options), look.colour); // a mistake in them changes nothing of the page, which is watched
    let chart = drawn?.chart;
    if (!chart) {
      const canvas = document.createElement("div");
      canvas.className = "chart-canvas";
      node.replaceChildren(canvas);
      chart = echarts.init(canvas, theme(look), { renderer: "canvas", width: node.clientWidth, height: node.clientHeight });
    } else if (drawn.colours !== colours) chart.setTheme(theme(look));
    chart.setOption(
      {
        ...given,
        ...(given.tooltip && { tooltip: { formatter: telling(given.tooltip.valueFormatter ?? String, look.colour), ...given.tooltip } }),
        animation: !drawn?.chart && !isStill.matches,
        animationDuration: 240,
      },
      { notMerge: true },
    );
    charts.set(node, { chart, options, colours });
    node.dataset.drawn = "true";
  };

  const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const chart = charts.get(target)?.chart;
      if (!chart) draw(target);
      else if (target.clientWidth && target.clientHeight) chart.resize({ width: target.clientWidth, height: target.clientHeight });
    }
  });

  const look = () => {
    for (const [node, { chart }] of charts) {
      if (node.isConnected) continue;
      chart?.dispose();
      sizes.unobserve(node);
      charts.delete(node);
    }
    for (const node of document.querySelectorAll(".chart[data-options]")) {
      if (charts.has(node)) draw(node);
      else { charts.set(node, {}); sizes.observe(node); } // which draws it, as soon as it has a size
    }
  };

  const begin = async () => {
    if (!window.echarts) { // a build without other people's files: what the charts show, in words
      for (const node of document.querySelectorAll(".chart[data-options]")) node.textContent = node.getAttribute("aria-label");
      return;
    }
    const callbacks = window.Idiomorph?.defaults.callbacks;
    if (callbacks) {
      const before = callbacks.beforeNodeMorphed;
      callbacks.beforeNodeMorphed = (node, fresh) => {
        if (!node.matches?.(".chart[data-options]") || !fresh.matches?.(".chart[data-options]")) return before(node, fresh);
        for (const { name, value } of fresh.attributes) if (node.getAttribute(name) !== value) node.setAttribute(name, value);
        return false; // its canvas stays
      };
    }
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-options"] });
    document.addEventListener("themechange", () => { colours += 1; look(); });
    look();
    // A canvas keeps the font it was drawn with; one that does not come must not keep the charts away.
    await Promise.race([document.fonts.load('12px "Inter"').then(() => document.fonts.ready), new Promise((resolve) => { setTimeout(resolve, 400); })]).catch(() => {});
    isReady = true;
    look();
    for (const node of charts.keys()) draw(node);
  };
  begin();
})();
