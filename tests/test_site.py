"""The site: it builds without a warning, asks no other host, and leaves out no name, no picture and no estimator."""

import hashlib
import inspect
import re
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
import yaml

import zobench as zo
from zobench import theory
from zobench.command.listing import names

ROOT = Path(__file__).parents[1]
REPORTS = [path for path in ROOT.glob("reports/*") if path.is_dir() and path.name not in ("quick", "sweep")]
PICTURES = [path for folder in REPORTS for path in folder.iterdir() if path.suffix in (".png", ".gif")]
TABLE = (ROOT / "docs" / "theory" / "estimators.md").read_text()
ROWS = re.findall(r"^\| `(.+?\))` \| (.+?) \| (.+?) (values?|products|gradient) \| (.+?) \|.*\|$", TABLE, re.MULTILINE)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    pytest.importorskip("furo", reason="the site needs zobench[docs]")
    pytest.importorskip("myst_parser")
    out = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "sphinx", "-q", "-WnE", "--keep-going", "-c", "docs", ".", str(out)]
    ended = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return out


@pytest.mark.slow
def test_the_site_asks_no_other_host(site):
    """Links that are followed by a click may lead elsewhere; nothing that a browser loads by itself does."""
    loads = r"""<(?:script|img|link|iframe|source|video)\b[^>]*?(?:src|href)=["'](?:https?:)?//[^"']+"""
    pages = {path: path.read_text() for path in site.rglob("*.html")}
    assert len(pages) > 60
    assert not [(path.name, found) for path, text in pages.items() for found in re.findall(loads, text)]
    style = [path.read_text() for path in site.rglob("*.css")]
    assert style and not re.findall(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", "\n".join(style))


@pytest.mark.slow
def test_every_page_can_be_found(site):
    """Whoever adds a page to docs/ need not list it."""
    text = (site / "docs" / "index.html").read_text()
    assert not [
        path.stem for path in ROOT.glob("docs/*.md") if path.stem != "index" and f"{path.stem}.html" not in text
    ]


def test_every_page_has_its_line_on_the_front_page():
    """The menu takes a page in by itself; what it is for is said by who writes it."""
    text = (ROOT / "docs" / "index.md").read_text()
    assert not [path.stem for path in ROOT.glob("docs/*.md") if path.stem != "index" and f"]({path.name})" not in text]


@pytest.mark.slow
def test_every_picture_is_in_the_gallery_and_on_the_page_of_its_report(site):
    def shown(page):
        text = (site / page).read_text()
        found = [site / page / ".." / source for source in re.findall(r'<img [^>]*?src="([^"]+)"', text)]
        return {hashlib.sha256(path.resolve().read_bytes()).hexdigest() for path in found}

    gallery = shown("docs/gallery.html")
    for path in PICTURES:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert digest in gallery, path
        if (path.parent / "table.md").exists():
            assert digest in shown(f"reports/{path.parent.name}/table.html"), path
    assert len(PICTURES) > 50


@pytest.mark.slow
def test_every_report_has_its_question_and_its_command(site):
    text = (site / "docs" / "gallery.html").read_text()
    for experiment in names("experiment"):
        page = (site / "reports" / experiment / "table.html").read_text()
        (question,) = re.findall(r'question="(.*?)"', (ROOT / f"zobench/experiments/{experiment}/page.py").read_text())
        plain = re.sub(r"<[^>]+>", "", page)
        assert question.split("’")[0].split("'")[0] in plain and f"zobench experiment={experiment}" in plain
    assert re.sub(r"<[^>]+>", "", text).count("zobench experiment=") >= len(names("experiment"))


@pytest.mark.slow
def test_every_public_name_has_its_entry(site):
    """objects.inv: four lines of text, then the entries, compressed."""
    raw = (site / "objects.inv").read_bytes().split(b"\n", 4)[4]
    entries = {line.split()[0] for line in zlib.decompress(raw).decode().splitlines()}
    wanted = {f"zobench.{name}" for name in zo.__all__ if not inspect.ismodule(getattr(zo, name))}
    wanted |= {f"zobench.problems.{name}" for name in zo.problems.__all__}
    assert len(wanted) > 50 and wanted <= entries, wanted - entries


def value(formula, n, q):
    """A number of the table's notation: 1 + (n−1)/q, 2q, n(qn+n−2)/(q(n−1)(n+2))."""
    written = re.sub(r"(?<=[\dnqN)])(?=[nqN(])", "*", formula.replace("−", "-"))
    return eval(written, {"n": n, "q": q, "N": 1 << (n - 1).bit_length()})


@pytest.mark.parametrize(("call", "_", "price", "kind", "factor"), ROWS, ids=[row[0] for row in ROWS])
def test_a_row_of_estimators_is_what_the_code_does(call, _, price, kind, factor):
    for n, q in ((7, 1), (12, 5)):
        estimator = eval(f"zo.{call}", {"zo": zo, "n": n, "q": q})
        counted = getattr(estimator.calls(n), {"v": "value", "p": "jvp", "g": "grad"}[kind[0]])
        assert counted == estimator.calls(n).total == value(price.split(" or ")[0], n, q)
        if " or " in price:
            forward = eval(f"zo.{call[:-1]}, quotient='forward')", {"zo": zo, "n": n, "q": q})
            assert forward.calls(n).total == value(price.split(" or ")[1], n, q)
        if factor == "none":
            assert estimator.second_moment(n) is None
        else:
            assert theory.variance_factor(estimator, n) == pytest.approx(value(factor, n, q), rel=1e-12)


def test_a_row_of_second_moments_is_what_the_code_has():
    rows = re.findall(r"^\| ([^|`]+?) \| ([^|]+?) \| ([^|]+?) \| ([^|]+?) \|$", TABLE, re.MULTILINE)
    rows = {name: formulas for name, *formulas in rows if name not in ("directions", "---")}
    assert len(rows) == 7
    for n, q in ((7, 1), (12, 5)):
        for name, formulas in rows.items():
            family, several = name.split(",")[0], "," in name
            is_gradient = name == "the gradient"
            made = zo.autodiff() if is_gradient else zo.two_point(family, q if several else 1, orthogonal=several)
            wanted = [value(formula, n, q) for formula in formulas]
            assert made.second_moment(n) == pytest.approx(tuple(wanted), rel=1e-12)
            if not several and not is_gradient:  # q independent ones, as the sentence below the table has it
                a, c, d = wanted
                mean = (a / q, c / q + 1 - 1 / q, d / q)
                assert zo.two_point(family, q).second_moment(n) == pytest.approx(mean, rel=1e-12)


def test_the_table_of_estimators_is_complete():
    """Each that the front door and the configs ship, with every family of directions and every quotient."""
    rows = {row[0] for row in ROWS}
    assert {row.partition("(")[0] for row in rows} | {"spsa"} == set(names("estimator"))
    assert TABLE.count("\n| `") == len(ROWS) == 41
    assert {f'two_point("{family}", q)' for family in ("sphere", "gaussian", "rademacher", "coordinate")} <= rows
    assert {f'finite_difference("{name}")' for name in ("central", "forward", "fourth", "complex")} <= rows


def test_it_can_be_cited():
    found = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors", "license"} <= found.keys()
    assert found["version"] == zo.__version__ and found["title"] == "zobench"
