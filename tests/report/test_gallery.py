"""The front page: every report with its question and its numbers, text that stays text, and where it is opened."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import webbrowser
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from test_report import fill

from zobench import sweeps
from zobench.__main__ import main
from zobench.errors import UsageError
from zobench.report import gallery, gallery_page, hypertext, page, places

ROOT = Path(__file__).parents[2]
EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>\x1b[31m\u202e'
NAME = '"><img src=x onerror=alert(1)> javascript:%41#?&amp;'  # a folder may be called so


class Seen(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)

    def addresses(self):
        return [found for _, attrs in self.tags for name in ("href", "src") if (found := attrs.get(name))]


def written(reports):
    return gallery_page.html(gallery.read(reports))


@pytest.fixture
def reports(tmp_path, monkeypatch):
    """Two committed reports, the board, and tables of another program, in the folder that is the present one."""
    monkeypatch.chdir(tmp_path)
    for name in ("claims", "exponents", "memory", "performance"):
        shutil.copytree(ROOT / "reports" / name, tmp_path / "reports" / name)
    return tmp_path / "reports"


@pytest.fixture
def zobench(capsys, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda address: not opened.append(address))

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        return ended.value.code, *capsys.readouterr(), opened

    return run


def test_every_report_has_its_question_its_numbers_and_links_that_lead_somewhere(reports):
    text = written(reports)
    seen = Seen(text)
    said = " ".join("".join(seen.text).split())
    assert page.load("memory").question in said and "13 of 13 claims hold" in said
    assert "5 of 8 claims hold, 1 refuted, 2 undecided" in said
    assert "power, theory step: exponent of the slowdown in n: 0.992 [0.968, 1.01], claimed 0.95 to 1.05" in said
    assert "Seconds a cell. A two-point step" in said  # what the tables of reports/performance are called
    links = [urlsplit(found) for found in seen.addresses() if not found.startswith("#")]
    assert links and all((reports / unquote(link.path)).is_file() and not link.netloc for link in links)
    pictures = [attrs["src"] for tag, attrs in seen.tags if tag == "img"]
    assert [*map(unquote, pictures)] == [
        "./exponents/exponents.png",
        "./memory/memory_work.png",
        "./performance/accelerator.png",
    ]
    assert text.index('id="claims"') < text.index('id="reports"')
    row = text[text.index(">64<") : text.index(">65<")]
    assert "each node once, memory l" in row and '"./memory/table.md">memory</a>' in row and ">holds<" in row
    assert '"./mds' not in text and ">mds</a>" not in text  # no link to what is not there
    assert text == written(reports)


def test_the_page_of_a_report_is_what_is_linked_where_it_has_one(reports):
    (reports / "memory" / "index.html").touch()
    assert '<h3><a href="./memory/index.html">memory</a></h3>' in written(reports)
    assert '"./exponents/table.md">exponents</a></h3>' in written(reports)


def test_what_is_missing_or_cannot_be_read_is_said_and_hides_nothing(reports):
    (reports / "memory" / "missing.csv").write_text(
        "key,label,kind,why\na,n=8,failed,x\nb,n=9,missing,\nc,n=1,failed,\n"
    )
    (reports / "exponents" / "verdicts.json").write_text('[{"verdict": "holds"}]')
    (reports / "quick" / "jit").mkdir(parents=True)
    (reports / "quick" / "jit" / "inputs").write_text("jit\n")
    text = "".join(Seen(written(reports)).text)
    assert "3 cells are not in it: 1 missing, 2 failed" in text and "13 of 13 claims hold" in text
    assert "its verdicts.json cannot be read (KeyError" in text and "70 claims hold" in text
    assert (
        "quick/jit" in text
        and page.load("jit").question in text
        and "nothing is drawn in it: zobench report jit" in text
    )
    (reports / "claims" / "verdicts.json").write_text("[[]]")
    text = "".join(Seen(written(reports)).text)
    assert "its verdicts.json cannot be read (TypeError" in text and "13 of 13 claims hold" in text


def test_what_strangers_wrote_is_text(reports, tmp_path):
    folder, board = reports / NAME, reports / "claims" / "verdicts.json"
    shutil.copytree(reports / "memory", folder)
    (folder / "inputs").write_text(f"os.{EVIL}\n")
    (folder / f"{NAME[:40]}.png").touch()
    (folder / "missing.csv").write_text(f"key,label,kind,why\na,b,{EVIL.replace(',', '')},\n".replace('"', ""))
    entries = json.loads((folder / "verdicts.json").read_text())
    entries[0]["checks"][0] |= {"quantity": EVIL, "measured": 1.0, "interval": [0.5, 2.0]}
    (folder / "verdicts.json").write_text(json.dumps(entries))
    claims = json.loads(board.read_text())
    claims[0] |= dict.fromkeys(("topic", "short", "statement", "verdict", "experiment", "reason"), EVIL)
    board.write_text(json.dumps(claims))
    text = written(reports)
    seen = Seen(text)
    allowed = {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "a",
        "header",
        "nav",
        "main",
        "section",
        "article",
        "div",
    }
    allowed |= {
        "h1",
        "h2",
        "h3",
        "p",
        "ul",
        "li",
        "img",
        "span",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
    assert {tag for tag, _ in seen.tags} <= allowed | {
        "details",
        "summary",
        "wbr",
        "label",
        "input",
        "output",
        "script",
    }
    assert not [name for _, attrs in seen.tags for name in attrs if name.startswith("on") or name == "style"]
    assert all(found.startswith(("./", "#")) for found in seen.addresses())
    assert all((reports / unquote(found)).exists() for found in seen.addresses() if found.startswith("./"))
    assert all(letter.isprintable() or letter == "\n" for letter in text) and "alert(1)" in "".join(seen.text)
    policy = next(attrs["content"] for _, attrs in seen.tags if "http-equiv" in attrs)
    (script,) = (digest for digest in re.findall(r"script-src ([^;]+);", policy))
    ours = base64.b64encode(hashlib.sha256(hypertext.SIFT.encode()).digest()).decode()
    assert "default-src 'none'" in policy and script == f"'sha256-{ours}'" and "unsafe" not in policy


def test_no_page_is_imported_but_those_of_zobench(reports, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "page.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    (reports / "memory" / "inputs").write_text("mine\n")
    assert "A page of one&#x27;s own: mine" in written(reports)


def test_the_front_page_is_written_opened_and_its_address_said(reports, zobench, monkeypatch):
    monkeypatch.setenv("DISPLAY", ":9")
    address = (reports / "index.html").as_uri()
    code, out, err, opened = zobench("report")
    assert (code, err, opened) == (0, "", []) and f"address: {address}\n" in out and "3 reports, and the claims" in out
    first = (reports / "index.html").read_bytes()
    assert zobench("report", "--open", "report_dir=reports")[3] == [address]
    assert first == (reports / "index.html").read_bytes() and b"13 of 13 claims hold" in first
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    code, out, _, opened = zobench("report", "--open")
    assert code == 0 and opened == [address] and "not opened" in out  # not again


@pytest.mark.slow
def test_a_report_and_the_board_say_their_address_too(tmp_path, zobench, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DISPLAY", ":9")
    paths = fill(tmp_path / "runs", sizes=(8, 16))
    sweep = sweeps.sweep("runs", "slowdown-1")
    sweep.begin({path.stem: path.stem for path in paths}, ["experiment=slowdown"])
    code, out, _, _ = zobench("report", "claims")
    assert code == 0 and "not in it: slowdown has records and no report: zobench report slowdown" in out
    assert f"address: {(tmp_path / 'reports' / 'index.html').as_uri()}" in out
    assert "claims hold" in (tmp_path / "reports" / "index.html").read_text()
    code, out, _, opened = zobench("report", "slowdown", "--open")
    assert opened and opened[-1].startswith((tmp_path / "reports" / "slowdown").as_uri()) and opened[-1] in out
    code, out, _, _ = zobench("report")
    assert "slowdown has records and no report" not in out
    zobench("report", "claims", "report_dir=elsewhere/claims")
    assert not (tmp_path / "elsewhere" / "index.html").exists()


def test_what_is_not_ours_is_not_replaced_and_nothing_is_made_of_nothing(reports, zobench, tmp_path):
    (reports / "index.html").write_text("<p>mine")
    code, _, err, _ = zobench("report")
    assert code == 2 and "not made by zobench" in err and (reports / "index.html").read_text() == "<p>mine"
    code, _, err, _ = zobench("report", "report_dir=none")
    assert code == 2 and len(err.splitlines()) == 1 and "no reports in none" in err and not Path("none").exists()
    assert zobench("report", "--opne")[0] == 2
    with pytest.raises(UsageError):
        gallery.read(tmp_path / "none")


def test_the_committed_page_is_of_the_committed_reports(tmp_path):
    """`zobench report` in the checkout writes it again."""
    listed = subprocess.run(["git", "ls-files", "-z", "reports"], cwd=ROOT, capture_output=True, text=True)
    names = [name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]
    if listed.returncode or not names:
        pytest.skip("no checkout of git: which of the reports are committed is not known")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).symlink_to(ROOT / name)
    assert written(tmp_path / "reports") == (ROOT / "reports" / "index.html").read_text(encoding="utf-8")
    known = {folder.name for folder in (ROOT / "reports").iterdir()} & {*places.names()}
    assert {card.name for card in gallery.read(tmp_path / "reports").cards} >= known and len(known) > 25
