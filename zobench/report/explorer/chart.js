// What is drawn on the chart, what is under its cursor, its zoom and its keys.

function trace(u, xs, ys, backwards = false) {
  let open = false;
  for (let j = 0; j < xs.length; j++) {
    const i = backwards ? xs.length - 1 - j : j;
    if (ys[i] === null || (xs[i] <= 0 && at("logx").checked)) {
      open = backwards && open;
      continue;
    }
    const place = [u.valToPos(xs[i], "x", true), u.valToPos(ys[i], "y", true)];
    if (open || backwards) u.ctx.lineTo(...place);
    else u.ctx.moveTo(...place);
    open = true;
  }
}

function paint(u) {
  const { ctx, bbox } = u;
  const [lines, pixel] = [shown(), devicePixelRatio];
  const single = at("runs").value === "single";
  const stroke = (line, ys, width, alpha, dash) => {
    Object.assign(ctx, { strokeStyle: color(line.series), lineWidth: width * pixel, globalAlpha: alpha });
    ctx.setLineDash(dash.map((length) => length * pixel));
    ctx.beginPath();
    trace(u, line.x, ys);
    ctx.stroke();
  };
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const line of lines) {
    if (at("runs").value === "band" && line.low && lines.length <= MOST_BANDS) {
      Object.assign(ctx, { fillStyle: color(line.series), globalAlpha: 0.18 * line.strength });
      ctx.beginPath();
      trace(u, line.x, line.low);
      trace(u, line.x, line.high, true);
      ctx.fill();
    }
    if (at("exact").checked && line.exact) stroke(line, line.exact, 5, 0.3 * line.strength, []);
    if (at("bound").checked && line.bound) stroke(line, line.bound, 1.2, line.strength, [2, 3]);
    const many = single && line.runs.length > 1;
    for (const ys of curves(line))
      stroke(line, ys, many ? 0.9 : 2, line.strength * (many ? 0.55 : 1), line.series.dash);
  }
  Object.assign(ctx, { strokeStyle: ink(), lineWidth: pixel, globalAlpha: 0.6 });
  ctx.setLineDash([pixel, 4 * pixel]);
  for (const goal of unique(lines.map((line) => line.target))
    .filter((value) => value > 0)
    .slice(0, 5)) {
    const y = u.valToPos(goal, "y", true);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}

/** The last recorded point of a curve at or before x; -1 where there is none. */
function before(xs, x) {
  let [low, high] = [0, xs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= x) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function point(u, line) {
  const i = before(line.x, u.posToVal(u.cursor.left, "x"));
  const y = i < 0 ? null : line.mid[i];
  return { line, i, y, left: i < 0 ? NaN : u.valToPos(line.x[i], "x"), top: y === null ? NaN : u.valToPos(y, "y") };
}

function hover(u) {
  if (!(u.cursor.left >= 0)) {
    view.mark.hidden = true;
    return;
  }
  const points = shown()
    .map((line) => point(u, line))
    .filter((each) => each.y !== null);
  const distance = (each) => Math.abs(each.top - u.cursor.top);
  const nearest = points.reduce((best, each) => (best && distance(best) <= distance(each) ? best : each), null);
  for (const { line, value } of view.values)
    value.textContent = view.hidden.has(line.series) ? "" : short(point(u, line).y);
  view.mark.hidden = !nearest;
  if (nearest) tell(nearest);
}

function tell({ line, i, y, left, top }) {
  const { series, x, low, high } = line;
  const spread = low
    ? ` (10–90 % of ${series.seeds} runs: ${short(low[i])} to ${high[i] === null ? "beyond numbers" : short(high[i])})`
    : "";
  view.picked = shown().indexOf(line);
  view.mark.style.left = `${left}px`;
  view.mark.style.top = `${top}px`;
  const axis = at("axis").value === "priced" ? "priced calls" : at("axis").value;
  at("readout").textContent =
    `${series.name}, ${series.problem}, n = ${series.n}. At ${short(x[i])} ${axis}: ${short(y)}${spread}. ${series.ended}.`;
}

function zoom(scales) {
  view.plot.batch(() => Object.entries(scales).forEach(([name, [min, max]]) => view.plot.setScale(name, { min, max })));
}

/** Both axes by a factor about their middle, or the cursor where there is one. */
function scaled(factor) {
  const { plot } = view;
  const near = {
    x: plot.cursor.left >= 0 ? plot.posToVal(plot.cursor.left, "x") : null,
    y: plot.cursor.left >= 0 ? plot.posToVal(plot.cursor.top, "y") : null,
  };
  zoom(
    Object.fromEntries(
      ["x", "y"].map((name) => {
        const log = at(`log${name}`).checked;
        const [to, from] = log ? [Math.log, Math.exp] : [(value) => value, (value) => value];
        const [low, high] = [to(plot.scales[name].min), to(plot.scales[name].max)];
        const centre = near[name] === null ? (low + high) / 2 : to(near[name]);
        return [name, [from(centre - (centre - low) * factor), from(centre + (high - centre) * factor)]];
      }),
    ),
  );
}

function keys(event) {
  const { plot } = view;
  const [along, other] = [{ ArrowLeft: -1, ArrowRight: 1 }[event.key], { ArrowUp: -1, ArrowDown: 1 }[event.key]];
  if (along || other) {
    const lines = shown();
    if (!lines.length) return;
    const line = lines[(view.picked + (other ?? 0) + lines.length) % lines.length];
    const width = plot.over.clientWidth;
    const left = plot.cursor.left >= 0 ? plot.cursor.left : width / 2;
    const moved = Math.min(Math.max(left + ((along ?? 0) * width) / 50, 0), width);
    const y = line.mid[Math.max(0, before(line.x, plot.posToVal(moved, "x")))];
    plot.setCursor({ left: moved, top: y === null ? 0 : Math.max(0, plot.valToPos(y, "y")) });
    const found = point(plot, line);
    if (found.y !== null) tell(found);
  } else if ("+-0".includes(event.key) && event.key) {
    if (event.key === "0") zoom(view.whole);
    else scaled(event.key === "+" ? 0.7 : 1 / 0.7);
  } else return;
  event.preventDefault();
}
