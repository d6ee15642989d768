"use strict";
// Shows what the block "data" says: numbers, tables, claims. Whatever comes from records is set as text, never as HTML.

const DATA = JSON.parse(document.getElementById("data").textContent);
const MOST_ROWS = 500; // of a table, and of the legend, that are made at once

const at = (id) => document.getElementById(id);

function make(tag, properties = {}, ...children) {
  const { aria = {}, ...own } = properties;
  const element = Object.assign(document.createElement(tag), own);
  for (const [name, value] of Object.entries(aria)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function show(id) {
  at(id).hidden = false;
  const title = at(id).querySelector("h2").textContent;
  at("parts").append(make("li", {}, make("a", { href: `#${id}`, textContent: title })));
}

// ---- Numbers

function short(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const text =
    size !== 0 && (size < 1e-3 || size >= 1e7) ? value.toExponential(3) : String(Number(value.toPrecision(4)));
  return text.replace("-", "−").replace("e-", "e−").replace("e+", "e");
}

/** The label of a tick; on a logarithmic axis of more than two decades powers of ten alone have one. */
function tick(value, decades) {
  if (value === null) return "";
  const power = Math.round(Math.log10(value));
  if (decades > 2 && Math.abs(Math.log10(value) - power) > 1e-6) return "";
  if (value > 0 && Math.abs(power) > 3 && Math.abs(value / 10 ** power - 1) < 1e-6) {
    return `10${[...String(power)].map((sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)]).join("")}`;
  }
  return short(value);
}

/** The number that a cell of a table begins with, for sorting; NaN where it begins with none. */
function leading(text) {
  if (/^(never|inf)/.test(text)) return Infinity;
  const found = text
    .replace(/[−]/g, "-")
    .replace(/,(?=\d{3})/g, "")
    .match(/^(?:n\^|[<>≤≥~]\s*)?(-?\d*\.?\d+(?:e[+-]?\d+)?)/i);
  return found ? Number(found[1]) : NaN;
}

// ---- Tables that are sorted and filtered

function compare(one, other) {
  const [a, b] = [leading(one), leading(other)];
  if (Number.isNaN(a) !== Number.isNaN(b)) return Number.isNaN(a) ? 1 : -1;
  return a < b ? -1 : a > b ? 1 : one.localeCompare(other, "en", { numeric: true });
}

function table({ title, note, header, lines, words }, cell = (text) => text) {
  let [sorted, direction] = [-1, 1];
  const kinds = header.map((_, i) =>
    i < words || lines.every((line) => Number.isNaN(leading(line[i]))) ? "word" : "number",
  );
  const body = make("tbody");
  const count = make("output", { className: "note" });
  const filter = make("input", { type: "search", autocomplete: "off" });
  const heads = header.map((name, i) => {
    const button = make("button", { type: "button", textContent: name || "row" });
    button.addEventListener("click", () => {
      direction = sorted === i ? -direction : 1;
      sorted = i;
      fill();
    });
    return make("th", { scope: "col", className: kinds[i] }, button);
  });

  function fill() {
    const wanted = filter.value.toLowerCase();
    let found = lines.filter((line) => line.join("\n").toLowerCase().includes(wanted));
    if (sorted >= 0) found = found.slice().sort((a, b) => direction * compare(a[sorted], b[sorted]));
    heads.forEach((head, i) =>
      head.setAttribute("aria-sort", i !== sorted ? "none" : direction > 0 ? "ascending" : "descending"),
    );
    body.replaceChildren(
      ...found.slice(0, MOST_ROWS).map((line) =>
        make(
          "tr",
          {},
          ...line.map((text, i) => {
            const place = i ? make("td") : make("th", { scope: "row" });
            place.className = kinds[i];
            place.append(cell(text, i, line, place));
            return place;
          }),
        ),
      ),
    );
    const more = found.length > MOST_ROWS ? `; the first ${MOST_ROWS} are shown` : "";
    count.textContent = `${found.length} of ${lines.length} rows${more}`;
  }

  filter.addEventListener("input", fill);
  fill();
  const grid = make("table", {}, make("thead", {}, make("tr", {}, ...heads)), body);
  const scroll = make("div", { className: "scroll", tabIndex: 0, aria: { role: "region", "aria-label": title } }, grid);
  const tools = make("p", { className: "filter" }, make("label", {}, "filter ", filter), " ", count);
  return make(
    "section",
    {},
    make("h3", { textContent: title }),
    make("p", { className: "note", textContent: note }),
    tools,
    scroll,
  );
}

// ---- Claims: what is claimed, as a band, and what was measured, as a dot with its interval

const SVG = "http://www.w3.org/2000/svg";
const SIGN = { holds: "✓ ", refuted: "✗ ", undecided: "? ", "not measured": "– " };

function range({ low, high, measured, interval }) {
  const known = [low, high, measured, ...interval].filter((value) => Number.isFinite(value));
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const margin = 0.15 * (most - least || Math.abs(most) || 1);
  const x = (value) =>
    (150 * (Math.min(Math.max(value, least - margin), most + margin) - least + margin)) / (most - least + 2 * margin);
  const image = document.createElementNS(SVG, "svg");
  const draw = (tag, kind, places) => {
    const shape = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries({ class: kind, ...places })) shape.setAttribute(name, value);
    image.append(shape);
  };
  for (const [name, value] of Object.entries({ class: "range", viewBox: "0 0 150 18", "aria-hidden": "true" }))
    image.setAttribute(name, value);
  const [from, to] = [x(low ?? -Infinity), x(high ?? Infinity)];
  draw("rect", "claimed", { x: Math.max(0, from - 1), y: 2, width: to - from + 2, height: 14 });
  if (interval.length && interval.every(Number.isFinite))
    draw("line", "spread", { x1: x(interval[0]), x2: x(interval[1]), y1: 9, y2: 9 });
  if (Number.isFinite(measured)) draw("circle", "found", { cx: x(measured), cy: 9, r: 4 });
  return image;
}

function claims() {
  if (!DATA.claims.lines.length) return;
  const checks = new Map(DATA.claims.lines.map((line, i) => [line, DATA.claims.checks[i]]));
  const cell = (text, i, line, place) => {
    if (i < 4) return text;
    place.className = "word";
    if (i > 4) place.classList.add(text.split(/[,;]/)[0].replace(" ", "-"));
    if (i === 4) return Number.isFinite(checks.get(line).measured) ? range(checks.get(line)) : "";
    return (SIGN[text.split(/[,;]/)[0]] ?? "") + text;
  };
  show("verdicts");
  at("verdicts").append(table(DATA.claims, cell));
}
