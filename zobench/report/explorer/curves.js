// The curves: what there is, what is chosen, the legend.

const ON_DARK = { "#000000": "#e8e8e8", "#0072B2": "#4aa8e8" }; // colours that would not be seen there
const MOST_BANDS = 40; // more would cover each other
const AXES = {
  iterations: ["iterations k", () => 1],
  calls: ["oracle calls, each kind counted as one", (series) => series.asks],
  priced: ["oracle calls at their prices in values of f", (series) => series.price],
  seconds: ["seconds (all runs of the cell together, compiled)", (series) => series.seconds],
  "k/n": ["k/n", (series) => 1 / series.n],
};

const decoded = new Map();

/** An array of the pool: k as differences, values as differences of 10⁴·log10. */
function values(i, logarithms = true) {
  if (i === null || i === undefined) return null;
  if (!decoded.has(i)) {
    let sum = 0;
    decoded.set(
      i,
      DATA.pool[i].map((step) => {
        if (step === null) return null;
        sum += step;
        return logarithms ? 10 ** (sum / 1e4) : sum;
      }),
    );
  }
  return decoded.get(i);
}

const view = { hidden: new Set(), lines: [], plot: null, picked: 0, whole: null, printing: false };
const dark = () => !view.printing && matchMedia("(prefers-color-scheme: dark)").matches;
const ink = () => (dark() ? "#e8e8e8" : "#1a1a1a");
const color = (series) => (dark() ? (ON_DARK[series.color] ?? series.color) : series.color);
const shown = () => view.lines.filter((line) => !view.hidden.has(line.series));

function options(id, pairs, chosen) {
  at(id).replaceChildren(...pairs.map(([value, text]) => make("option", { value, textContent: text })));
  if (pairs.some(([value]) => value === chosen)) at(id).value = chosen;
}

const unique = (list) => [...new Set(list)];

/** The choices that the chosen quantity and problem leave. */
function choices() {
  const { series, metrics } = DATA.curves;
  options(
    "metric",
    unique(series.flatMap((each) => Object.keys(each.of))).map((name) => [name, metrics[name]]),
    at("metric").value || series[0].metric,
  );
  const measured = series.filter((each) => each.of[at("metric").value]);
  const problems = unique(measured.map((each) => each.problem));
  const own = measured.find((each) => each.metric === at("metric").value) ?? measured[0];
  options(
    "problem",
    problems.map((name) => [name, name]),
    problems.includes(at("problem").value) ? at("problem").value : own.problem,
  );
  const posed = measured.filter((each) => each.problem === at("problem").value);
  const sizes = unique(posed.map((each) => String(each.n))).sort((a, b) => a - b);
  const least = posed.length > 12 || sizes.length === 1 ? sizes.at(-1) : "all";
  const size = ["all", ...sizes].includes(at("size").value) ? at("size").value : least;
  options("size", [["all", "all"], ...sizes.map((n) => [n, `n = ${n}`])], size);
  const axes = Object.keys(AXES).filter((name) => series.some((each) => Number.isFinite(AXES[name][1](each) ?? NaN)));
  options(
    "axis",
    axes.map((name) => [name, AXES[name][0].split(/[,(]/)[0]]),
    at("axis").value || (axes.includes("calls") ? "calls" : ""),
  );
}

function chosen() {
  const [metric, words] = [at("metric").value, at("words").value.toLowerCase()];
  const factor = AXES[at("axis").value][1];
  const found = DATA.curves.series.filter(
    (each) =>
      each.of[metric] &&
      each.problem === at("problem").value &&
      ["all", String(each.n)].includes(at("size").value) &&
      each.name.toLowerCase().includes(words),
  );
  const placed = found.filter((each) => Number.isFinite(factor(each) ?? NaN));
  const sizes = unique(placed.map((each) => each.n)).sort((a, b) => a - b);
  const lines = placed.map((series) => {
    const of = series.of[metric];
    const strength = 0.3 + (0.7 * (sizes.indexOf(series.n) + 1)) / sizes.length;
    const x = values(series.k, false).map((k) => k * factor(series));
    const kinds = { mid: of.mid, low: of.low, high: of.high, exact: of.exact, bound: of.bound };
    for (const name in kinds) kinds[name] = values(kinds[name]);
    return {
      series,
      x,
      ...kinds,
      runs: (of.runs ?? []).map((i) => values(i)),
      strength,
      target: series.metric === metric ? series.target : null,
    };
  });
  return [lines, found.length - placed.length];
}

/** The curves of a line in the chosen form: single runs where there are, else the median. */
const curves = (line) => (at("runs").value === "single" && line.runs.length ? line.runs : [line.mid]);

function extent(lists, log, margin) {
  let [least, most] = [Infinity, -Infinity];
  for (const list of lists) {
    for (const value of list) {
      if (value === null || (log && value <= 0)) continue;
      if (value < least) least = value;
      if (value > most) most = value;
    }
  }
  if (least > most) return log ? [0.1, 1] : [0, 1];
  if (least === most) return log ? [least / 2, most * 2] : [least - 0.5, most + 0.5];
  const room = log ? (most / least) ** margin : (most - least) * margin;
  return log ? [least / room, most * room] : [least - room, most + room];
}

const MOST_SPLITS = 12; // decades with a line; uPlot's own never end below 1e-16

/** Lines of a logarithmic axis: digits of each decade where there are few, powers of ten where there are many. */
function splits(least, most) {
  const [first, last] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))];
  const step = Math.ceil((last - first) / MOST_SPLITS);
  const digits = last - first <= MOST_SPLITS / 2 ? [1, 2, 3, 4, 5, 6, 7, 8, 9] : [1];
  const found = [];
  for (let power = first; power <= last; power++)
    if (power % step === 0) found.push(...digits.map((digit) => Number(`${digit}e${power}`)));
  const within = found.filter((value) => least <= value && value <= most);
  if (within.length > 2) return within;
  const unit = 10 ** Math.floor(Math.log10(most - least));
  return [...Array(11).keys()].map((i) => (Math.ceil(least / unit) + i) * unit).filter((value) => value <= most);
}

function legend() {
  view.values = [];
  const entries = view.lines.slice(0, MOST_ROWS).map((line) => {
    const { series } = line;
    const box = make("input", { type: "checkbox", checked: !view.hidden.has(series) });
    box.addEventListener("change", () => {
      if (box.checked) view.hidden.delete(series);
      else view.hidden.add(series);
      view.plot.redraw();
    });
    const swatch = make("span", { className: "swatch" });
    swatch.style.borderColor = color(series);
    swatch.style.opacity = line.strength;
    swatch.style.borderTopStyle = series.dash.length ? (series.dash[0] > 3 ? "dashed" : "dotted") : "solid";
    const value = make("span", { className: "value" });
    view.values.push({ line, value });
    return make(
      "li",
      {},
      make("label", {}, box, swatch, `${series.name}${at("size").value !== "all" ? "" : `, n = ${series.n}`} `, value),
    );
  });
  at("legend").replaceChildren(...entries);
}

function said(lines, unplaced) {
  const parts = [
    `${lines.length} of ${DATA.curves.series.length} curves; the finely dotted line is the target of the runs.`,
  ];
  if (unplaced) parts.push(`${unplaced} have no such axis and are not drawn.`);
  if (lines.length > MOST_ROWS) parts.push(`The list has the first ${MOST_ROWS}: choose fewer by words.`);
  if (lines.length > MOST_BANDS && at("runs").value === "band")
    parts.push(`Bands are drawn of at most ${MOST_BANDS} curves.`);
  if (at("runs").value === "single" && lines.some((line) => !line.runs.length))
    parts.push("Where the page has no single runs, the median is drawn.");
  at("drawn").textContent = `${parts.join(" ")} ${DATA.curves.note}`;
}

function draw() {
  choices();
  const [lines, unplaced] = chosen();
  Object.assign(view, { lines, picked: 0 });
  const [logx, logy] = [at("logx").checked, at("logy").checked];
  const visible = shown();
  const heights = visible.flatMap((line) => [
    ...curves(line),
    ...(at("runs").value === "band" && line.low ? [line.low, line.high] : []),
    ...(line.target > 0 ? [[line.target]] : []),
  ]);
  view.whole = {
    x: extent(
      visible.map((line) => line.x),
      logx,
      0,
    ),
    y: extent(heights, logy, 0.04),
  };
  const grid = { stroke: dark() ? "#353535" : "#e6e6e6", width: 1 };
  const axis = (label, size, scale) => {
    const decades = ({ min, max }) => (at(`log${scale}`).checked ? Math.log10(max / min) : 0);
    const fonts = { font: "12px system-ui", labelFont: "13px system-ui", labelSize: 24, stroke: ink() };
    return {
      label,
      size,
      grid,
      ticks: grid,
      ...fonts,
      ...(at(`log${scale}`).checked ? { splits: (u, i, least, most) => splits(least, most) } : {}),
      values: (u, splits) => splits.map((value) => tick(value, decades(u.scales[scale]))),
    };
  };
  view.plot?.destroy();
  view.plot = new uPlot(
    {
      width: at("chart").clientWidth,
      height: at("chart").clientHeight,
      legend: { show: false },
      cursor: {
        drag: { x: true, y: true, uni: 20 },
        points: { show: false },
        bind: { dblclick: () => () => zoom(view.whole) },
      },
      scales: {
        x: { time: false, distr: logx ? 3 : 1, range: (u, min, max) => [min, max] },
        y: { distr: logy ? 3 : 1, range: () => view.whole.y },
      },
      axes: [axis(AXES[at("axis").value][0], 36, "x"), axis(DATA.curves.metrics[at("metric").value], 62, "y")],
      series: [{}, { paths: () => null, points: { show: false } }],
      hooks: { draw: [paint], setCursor: [hover] },
    },
    [view.whole.x, view.whole.y],
    at("chart"),
  );
  view.mark = make("div", { className: "mark", hidden: true });
  view.plot.over.append(view.mark);
  const words = `${DATA.curves.metrics[at("metric").value]} against ${AXES[at("axis").value][0]}, ${at("problem").value}: ${lines.length} curves`;
  at("chart").setAttribute("aria-label", words);
  legend();
  said(lines, unplaced);
}

function explore() {
  if (!DATA.curves.series.length) return;
  show("curves");
  for (const kind of ["exact", "bound"]) {
    at(`${kind}-label`).hidden = !DATA.curves.series.some((each) => Object.values(each.of).some((of) => kind in of));
  }
  draw();
  at("controls").addEventListener("submit", (event) => event.preventDefault());
  at("controls").addEventListener("input", (event) => {
    if (event.target.id === "problem") at("size").value = "";
    draw();
  });
  const every = (hidden) => {
    view.hidden = new Set(hidden ? DATA.curves.series : []);
    draw();
  };
  const does = {
    closer: () => scaled(0.7),
    wider: () => scaled(1 / 0.7),
    whole: () => zoom(view.whole),
    all: () => every(false),
    none: () => every(true),
  };
  for (const id in does) at(id).addEventListener("click", does[id]);
  at("chart").addEventListener("keydown", keys);
  new ResizeObserver(() =>
    view.plot.setSize({ width: at("chart").clientWidth, height: at("chart").clientHeight }),
  ).observe(at("chart"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  for (const name of ["beforeprint", "afterprint"]) {
    addEventListener(name, () => {
      view.printing = name === "beforeprint";
      draw();
    });
  }
}
