// The page, from its parts.

function rest() {
  at("title").textContent = DATA.name;
  at("question").textContent = DATA.question;
  if (DATA.gaps.lines.length) {
    show("gaps");
    at("gaps").append(table(DATA.gaps));
  }
  explore();
  claims();
  if (DATA.tables.length) show("tables");
  at("tables").append(...DATA.tables.map((each) => table(each)));
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
