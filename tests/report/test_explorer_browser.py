"""The page in Chromium: it loads without complaint, its choices change what is drawn, and a stranger's text is text."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from exploring import EVIL, changed, config, hostile, record, small

from zobench.report import explorer, gallery, gallery_page
from zobench.report.explorer import curves
from zobench.report.tables import Table

pytestmark = pytest.mark.slow
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="module")
def browser():
    """Chromium of this machine, driven by playwright; a skip says which of them is missing."""
    sync = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install zobench[browser]")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("no Chromium: apt-get install chromium")
    with sync.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def visit(browser):
    """Open a file; at the end the browser has complained of nothing, and has asked for nothing but files beside it."""
    pages, complaints, asked = [], [], []

    def visited(file, width=1400, **options):
        page = browser.new_page(viewport={"width": width, "height": 900}, **options)
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri())
        pages.append(page)
        return page

    yield visited
    assert not complaints and all(url.startswith("file:") for url in asked)
    for page in pages:
        page.close()


TABLE = Table("Numbers", "A note.", ["name", "value"], [["b", "9.5"], ["a", "−2"], ["c", "1,000"], ["d", "never"]])


@pytest.fixture
def page(tmp_path, visit):
    picture = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"/>'
    (tmp_path / "p.svg").write_text(picture)
    explorer.write("slowdown", small(tmp_path), tmp_path, explorer.Shown("Why?", [TABLE], ["p.svg"]))
    return visit(tmp_path / "index.html")


def drawing(page):
    return page.evaluate("document.querySelector('#chart canvas').toDataURL()")


def readout(page):
    return page.inner_text("#readout")


def point(page, key="ArrowRight"):
    """What the chart says when the cursor is moved by a key."""
    page.focus("#chart")
    page.keyboard.press(key)
    return readout(page)


def test_each_choice_changes_the_curves_and_what_is_read_off_them(page):
    seen = {drawing(page)}
    page.select_option("#size", "16")
    for choose in (
        lambda: page.select_option("#axis", "priced"),
        lambda: page.select_option("#axis", "seconds"),
        lambda: page.select_option("#axis", "iterations"),
        lambda: page.uncheck("#logx"),
        lambda: page.uncheck("#logy"),
        lambda: page.select_option("#metric", "gradient"),
        lambda: page.check("#logy"),
        lambda: page.select_option("#runs", "median"),
        lambda: page.fill("#words", "two-point"),
    ):
        choose()
        assert drawing(page) not in seen
        seen.add(drawing(page))
    assert page.locator("#legend li").count() == 1
    page.uncheck("#legend input")
    assert drawing(page) not in seen


def test_values_are_those_of_the_record_at_every_axis(page):
    page.select_option("#size", "16")
    page.fill("#words", "two-point")
    for axis, factor in (("iterations", 1), ("calls", 2), ("priced", 2), ("seconds", 5e-5), ("k/n", 1 / 16)):
        page.select_option("#axis", axis)
        said = point(page)
        x, value = (float(said.split(mark)[1].split()[0].rstrip(":").replace("−", "-")) for mark in ("At ", ": "))
        assert value == pytest.approx(0.25 / (x / factor + 1), rel=5e-3)
        assert "two-point GD, theory step" in said and "3 of 4 runs reached the target" in said


def test_the_chart_is_zoomed_by_mouse_keys_and_buttons(page):
    whole = drawing(page)
    box = page.locator("#chart .u-over").bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 600, box["y"] + 250, steps=5)
    page.mouse.up()
    page.mouse.move(5, 5)
    zoomed = drawing(page)
    page.click("#whole")
    assert zoomed != whole == drawing(page)
    for button, key in (("#closer", "+"), ("#wider", "-")):
        page.click(button)
        assert drawing(page) != whole
        page.focus("#chart")
        page.keyboard.press("0")
        page.keyboard.press(key)
        assert drawing(page) != whole
        page.keyboard.press("0")
    assert drawing(page) == whole
    first = point(page, "ArrowDown")
    assert first and point(page, "ArrowDown").partition(" At ")[0] != first.partition(" At ")[0]


def test_curves_of_any_size_have_their_axis(tmp_path, visit):
    """A method that ends at 1e-34, as Powell's does on a bowl, and one that ends where numbers do."""
    for i, least in enumerate((1e-34, 1e-300)):
        path = changed(record(tmp_path, config()), lambda gap, least=least: gap * np.geomspace(1, least, gap.shape[1]))
        explorer.write("mine", [path], tmp_path, explorer.Shown())
        page = visit((tmp_path / "index.html").rename(tmp_path / f"{i}.html"))
        whole = drawing(page)
        for _ in range(12):
            page.click("#closer")
        assert drawing(page) != whole and point(page)
    splits = page.evaluate("[[1e-300, 1], [1, 1000], [3.1, 3.4], [2, 2.0001]].map((ends) => splits(...ends))")
    assert all(2 <= len(found) <= 40 for found in splits) and splits[1][:2] == [1, 2] and 3.2 in splits[2]


def test_tables_are_sorted_and_filtered_by_keyboard(page):
    table = page.locator("#tables section").first
    for expected in (["−2", "9.5", "1,000", "never"], ["never", "1,000", "9.5", "−2"]):
        table.get_by_role("button", name="value").focus()
        page.keyboard.press("Enter")
        assert table.locator("td").all_inner_texts() == expected
    assert table.locator("th[aria-sort=descending]").inner_text().startswith("value")
    table.get_by_role("searchbox").fill("c")
    assert table.locator("tbody tr").count() == 1 and "1 of 4 rows" in table.inner_text()
    assert page.locator("#gaps td").all_inner_texts()[:2] == ["failed", "it broke"]
    assert page.evaluate("document.querySelector('#pictures img').naturalWidth") == 40


@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_narrow_and_wide_windows_and_paper(tmp_path, visit, width, scheme):
    explorer.write("slowdown", small(tmp_path), tmp_path, explorer.Shown("Why?", [TABLE]))
    page = visit(tmp_path / "index.html", width, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    chart = page.locator("#chart canvas").bounding_box()
    assert 0.8 * width < chart["width"] <= width
    nameless = "[...document.querySelectorAll('input,select')].filter(e => !e.labels.length).length"
    assert page.evaluate(nameless) == 0
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(21, 24, 28)")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.is_visible("#controls") and page.is_visible("#chart")


def test_a_strangers_text_runs_nothing_and_is_shown_as_it_is(tmp_path, visit):
    table = Table(EVIL[0], EVIL[1], [EVIL[2], EVIL[3]], [[EVIL[0], EVIL[1]], [EVIL[2], EVIL[3]]], 2)
    explorer.write(EVIL[0], hostile(tmp_path), tmp_path, explorer.Shown(EVIL[1], [table]))
    page = visit(tmp_path / "index.html")
    said = page.inner_text("body")
    for evil in EVIL[:4]:
        page.select_option("#problem", index=EVIL.index(evil))
        point(page)
        page.fill("#words", evil)
        page.fill("#words", "")
        assert evil in said
    page.wait_for_timeout(100)
    assert page.evaluate("window.harmed") is None
    assert page.locator("main img, main script, header img").count() == 0


def test_long_names_fit_a_narrow_window(tmp_path, visit):
    paths = [record(tmp_path, config(problem=name, method=name)) for name in ("w" * 300, "a\x1b]0;b\u202ec")]
    explorer.write("slowdown", paths, tmp_path, explorer.Shown("w" * 300, [TABLE]))
    page = visit(tmp_path / "index.html", 400)
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    assert "a?]0;b?c" in page.inner_text("#problem") and "\u202e" not in page.content()


def test_text_stands_left_and_numbers_do_not_break(tmp_path, visit):
    table = Table("Best", "", ["n", "best", "calls"], [["8", "(1+1)-ES", "1078 [1068, 1128]"], ["9", "GD", "never"]])
    explorer.write("slowdown", small(tmp_path), tmp_path, explorer.Shown("", [table]))
    cells = visit(tmp_path / "index.html", 400).locator("#tables section").first.locator("tbody tr").first
    kinds = "all => all.map(e => [getComputedStyle(e).textAlign, getComputedStyle(e).whiteSpace])"
    assert cells.locator("td").evaluate_all(kinds) == [["left", "normal"], ["right", "nowrap"]]


def test_the_policy_stops_what_the_page_did_not_bring(tmp_path, browser):
    explorer.write("slowdown", small(tmp_path), tmp_path)
    page = browser.new_page()
    page.goto((tmp_path / "index.html").as_uri())
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=window.harmed=1>')")
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.harmed=2'}))"
    )
    page.wait_for_timeout(100)
    assert page.evaluate("window.harmed") is None
    page.close()


def test_the_front_page_is_sifted_by_words_and_whole_without_them(tmp_path, visit):
    shutil.copytree(Path(__file__).parents[2] / "reports" / "claims", tmp_path / "claims")
    shutil.copytree(Path(__file__).parents[2] / "reports" / "memory", tmp_path / "memory")
    shutil.copytree(Path(__file__).parents[2] / "reports" / "jit", tmp_path / "jit")
    gallery_page.write(tmp_path, gallery.read(tmp_path))
    page = visit(tmp_path / "index.html", 400)
    rows, cards = page.locator("tbody tr:visible"), page.locator(".cards > li:visible")
    before = rows.count(), cards.count()
    page.focus("input[type=search]")
    page.keyboard.type("MEMORY node")
    assert 0 < rows.count() < before[0] and all("memory" in text.lower() for text in rows.all_inner_texts())
    assert f" of {page.locator('tbody tr, .cards > li').count()}" in page.inner_text(".filter output")
    page.fill("input[type=search]", "no such words")
    assert (rows.count(), cards.count(), page.locator("table:visible").count()) == (0, 0, 0)
    page.fill("input[type=search]", "")
    assert (rows.count(), cards.count()) == before and page.evaluate("document.documentElement.scrollWidth") == 400


def test_ten_thousand_curves_stay_usable(tmp_path, visit):
    paths = [record(tmp_path, config("two_point", 8, seed=seed), points=60) for seed in range(4)]
    found = curves.found(paths)
    shapes, series = found["pool"], []
    pool = []
    for i in range(10_000):  # each with arrays of its own
        one, shift = found["curves"]["series"][i % 4], len(pool)
        own = {name: shift + j for j, name in enumerate(("mid", "low", "high"))}
        pool += [[shapes[one["of"]["gap"][name]][0] + i, *shapes[one["of"]["gap"][name]][1:]] for name in own]
        series.append({**one, "name": f"method {i}", "of": {"gap": own}})
    pool.append(shapes[found["curves"]["series"][0]["k"]])
    series = [{**one, "k": len(pool) - 1} for one in series]
    about = {"name": "many", "question": "", "gaps": {"lines": []}, "claims": {"lines": []}}
    about |= {"tables": [], "pictures": [], "files": [], "made": []}
    text = explorer.page("many", {**about, "curves": {**found["curves"], "series": series}, "pool": pool})
    (tmp_path / "index.html").write_text(text)
    page = visit(tmp_path / "index.html")
    assert page.locator("#legend li").count() == 500 and "10000 of 10000 curves" in page.inner_text("#drawn")
    first = drawing(page)
    page.select_option("#axis", "iterations")
    assert drawing(page) != first
    assert len({point(page) for _ in range(5)}) == 5
    page.fill("#words", "method 123")
    assert page.locator("#legend li").count() == 11
