// Zooms into a monitor's response times with uPlot, which is loaded when somebody wants it.
(() => {
  const doc = document, button = doc.getElementById("zoom"), box = doc.getElementById("zoomed"), chart = doc.getElementById("chart");
  if (!button) return;
  const said = JSON.parse(button.dataset.say), plotted = doc.getElementById("plot");
  const language = doc.documentElement.lang;
  let plot, found;
  const load = (name, made) => new Promise((done, fail) => {
    const each = Object.assign(doc.createElement(name), made);
    each.onload = done;
    each.onerror = fail;
    doc.head.append(each);
  });
  // A colour of the stylesheet as the theme has it now.
  const colour = (name) => {
    const probe = doc.createElement("i");
    probe.style.color = `var(--${name})`;
    box.append(probe);
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value;
  };
  const formats = {};
  const time = (options) => (at) => (formats[JSON.stringify(options)] ??= new Intl.DateTimeFormat(language, options)).format(new Date(at * 1e3));
  const clock = time({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }), day = time({ month: "short", day: "numeric" });
  const whole = time({ dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });
  const size = () => ({ width: plotted.clientWidth, height: 300 });
  const ms = (value) => (value == null ? "–" : `${value && value < 10 ? value.toFixed(1) : Math.round(value)} ms`);
  // Outages and maintenance lie behind the times, as bands.
  const shade = (u) => {
    for (const { begins, ends, is_planned: planned } of found.bands) {
      const left = Math.max(u.bbox.left, u.valToPos(begins, "x", true)), right = Math.min(u.bbox.left + u.bbox.width, u.valToPos(ends, "x", true));
      u.ctx.globalAlpha = 0.25;
      u.ctx.fillStyle = colour(planned ? "plan-f" : "down-f");
      if (right > left) u.ctx.fillRect(left, u.bbox.top, Math.max(2, right - left), u.bbox.height);
      u.ctx.globalAlpha = 1;
    }
  };
  const draw = () => {
    const range = plot && { min: plot.scales.x.min, max: plot.scales.x.max };
    plot?.destroy();
    // Each line is the sum of its phase and of those below it; the last one, which is the whole, is drawn first.
    const sums = found.phases.map((_, phase) => found.times.map((_, at) => (found.phases[0][at] == null ? null : found.phases.slice(0, phase + 1).reduce((sum, each) => sum + each[at], 0))));
    const ink = colour("muted"), line = colour("line"), font = "12px system-ui";
    const axis = { stroke: ink, font, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
    const series = sums.map((_, phase) => ({ label: said[phase], width: 0, fill: colour(`p${phase + 1}`), points: { show: false }, value: (_u, _v, _s, at) => ms(at == null ? null : found.phases[phase][at]) })).reverse();
    plot = new uPlot({
      ...size(),
      scales: { x: { time: true }, y: { range: (_u, _low, high) => [0, (high || 1) * 1.05] } },
      series: [{ label: said[5], value: (_u, at) => (at == null ? "–" : whole(at)) }, ...series],
      axes: [{ ...axis, values: (_u, splits) => splits.map((at) => (splits.at(-1) - splits[0] > 172800 ? day(at) : clock(at))) }, { ...axis, size: 64, values: (_u, splits) => splits.map(ms) }],
      cursor: { drag: { x: true, y: false } },
      hooks: { drawAxes: [shade] },
    }, [found.times, ...sums.reverse()], plotted);
    if (range?.min != null) plot.setScale("x", range);
    // The page's own tables have lines.
    plotted.querySelectorAll(".u-legend :is(th,td)").forEach((each) => Object.assign(each.style, { border: 0, padding: "2px 4px" }));
  };
  const move = (share, factor) => {
    const { min, max } = plot.scales.x, first = found.times[0], last = found.times.at(-1);
    const width = Math.min(last - first, Math.max((max - min) * factor, 4 * found.each));
    const from = Math.min(last - width, Math.max(first, (min + max - width) / 2 + share * width));
    plot.setScale("x", { min: from, max: from + width });
  };
  const show = (isZoomed) => {
    box.hidden = !isZoomed;
    chart.hidden = isZoomed;
    button.setAttribute("aria-expanded", isZoomed);
    button.textContent = said[isZoomed ? 7 : 6];
  };
  button.hidden = false;
  button.addEventListener("click", async () => {
    if (!box.hidden) return show(false);
    button.disabled = true;
    try {
      const [answer] = await Promise.all([
        fetch(button.dataset.from),
        self.uPlot || load("script", { src: button.dataset.script }),
        self.uPlot || load("link", { rel: "stylesheet", href: button.dataset.style }),
      ]);
      if (!answer.ok || answer.redirected) throw answer.status;
      found = await answer.json();
      show(true);
      draw();
    } catch {
      location.reload();
    } finally {
      button.disabled = false;
    }
  });
  box.addEventListener("click", (event) => {
    const by = event.target.closest("[data-move]")?.dataset.move.split(" ").map(Number);
    if (by && plot) move(...by);
  });
  addEventListener("resize", () => plot && !box.hidden && plot.setSize(size()));
  const again = () => plot && !box.hidden && draw();
  doc.querySelectorAll("[name=theme]").forEach((each) => each.addEventListener("change", again));
  matchMedia("(prefers-color-scheme:dark)").addEventListener("change", again);
})();
