// The page, from its parts.

/** How the runs of each cell ended. */
function cells() {
  const { series, metrics } = DATA.curves;
  const lines = series.map((each) => {
    const end = values(each.of[each.metric]?.mid)?.at(-1);
    return [each.problem, each.name, metrics[each.metric], String(each.n), short(each.target), short(end), each.ended];
  });
  const header = ["problem", "method", "stops on", "n", "target", "at the end, median", "runs"];
  return lines.length
    ? [{ title: "Every cell", note: "How its runs ended; a line a step rule.", header, lines, words: 3 }]
    : [];
}

function rest() {
  at("title").textContent = DATA.name;
  at("question").textContent = DATA.question;
  if (DATA.gaps.lines.length) {
    show("gaps");
    at("gaps").append(table(DATA.gaps));
  }
  explore();
  claims();
  if (DATA.tables.length + DATA.curves.series.length) show("tables");
  at("tables").append(...[...DATA.tables, ...cells()].map((each) => table(each)));
  if (DATA.pictures.length) show("pictures");
  for (const { file, title, alt } of DATA.pictures) {
    const image = make("a", { href: file }, make("img", { src: file, alt }));
    at("pictures").append(make("figure", {}, image, make("figcaption", { className: "note", textContent: title })));
  }
  show("made");
  for (const [term, lines] of DATA.made) {
    at("origin").append(
      make("dt", { textContent: term }),
      make("dd", {}, ...lines.map((text) => make("p", { textContent: text }))),
    );
  }
  const files = make("dd");
  DATA.files.forEach((file, i) => files.append(i ? ", " : "", make("a", { href: file, textContent: file })));
  at("origin").append(make("dt", { textContent: "files" }), files);
}

rest();
