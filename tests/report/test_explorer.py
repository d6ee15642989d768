"""The page that is looked through: what it says, what it weighs, and that a stranger's text stays text."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from exploring import EVIL, changed, config, hostile, record, small

from zobench import store
from zobench.errors import printable
from zobench.report import explorer
from zobench.report.explorer import curves, origin
from zobench.report.tables import Table
from zobench.sweeps import Sweep


class Reader(HTMLParser):
    """The elements of a page that may run or load something, with the text of scripts and styles."""

    def __init__(self):
        super().__init__()
        self.tags, self.texts, self.policy, self.inside = [], [], "", False

    def handle_starttag(self, tag, attrs):
        own = dict(attrs)
        self.policy = own["content"] if own.get("http-equiv") == "Content-Security-Policy" else self.policy
        self.tags.append((tag, own))
        self.inside = tag in ("script", "style")
        self.texts += [""] if self.inside else []

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.texts[-1] += data


def read(folder):
    text = (folder / "index.html").read_text()
    page = Reader()
    page.feed(text)
    block = re.findall(r'id="data">(.*?)</script>', text, re.S)[0]
    return block, page, json.loads(block)


def decoded(steps):
    fine = [step for step in steps if step is not None]
    return 10 ** (np.cumsum(fine) / 1e4)


def test_a_page_has_the_curves_to_four_digits_their_axes_and_what_failed(tmp_path):
    paths = small(tmp_path)
    missing = tmp_path / f"{'0' * 16}.npz"
    assert explorer.write("slowdown", [*paths, missing], tmp_path) == ["index.html"]
    _, _, data = read(tmp_path)
    series = data["curves"]["series"]
    assert [(s["name"], s["n"]) for s in series] == [
        ("GD (autodiff), theory step", 8), ("GD (autodiff), theory step", 16),
        ("two-point GD, theory step", 8), ("two-point GD, theory step", 16),
    ]  # fmt: skip
    assert [(s["asks"], s["price"], s["seconds"]) for s in series[::2]] == [(1, 4.0, 5e-5), (2, 2.0, 5e-5)]
    assert series[2]["ended"] == "3 of 4 runs reached the target, 1 not reached"
    of = series[2]["of"]
    assert list(of) == ["gap", "gradient"] and len(of["gap"]["runs"]) == 4 and "low" not in series[0]["of"]["gap"]
    k = np.cumsum(data["pool"][series[2]["k"]])
    for name, height in (("low", 1 / 8), ("mid", 1 / 4), ("high", 1 / 2)):
        np.testing.assert_allclose(decoded(data["pool"][of["gap"][name]]), height / (k + 1), rtol=2e-4)
    assert k[-1] == 10_000 and len(k) <= 200
    assert [line[1:3] for line in data["gaps"]["lines"]] == [["failed", "it broke"], ["missing", "it has no record"]]
    made = dict(data["made"])
    assert made["cells"] == ["1 failed", "1 missing", "4 ok"] and made["versions"] == ["jax 1.2.3"]
    assert "dates" not in made


def test_the_days_are_those_of_the_records_else_of_the_plan(tmp_path):
    paths = small(tmp_path)
    begun = {"cells": {path.stem: "" for path in paths}, "command": ["a=1"], "begun": 1.6e9}
    (tmp_path / "sweeps" / "a-1").mkdir(parents=True)
    (tmp_path / "sweeps" / "a-1" / "plan.json").write_text(json.dumps(begun))
    assert dict(origin.made("slowdown", paths))["dates"] == ["begun 2020-09-13"]
    for path, day in zip(paths, ("2031-01-02", "2030-12-31", "<b>", 7, "2031-01-01"), strict=True):
        found = store.read(path)
        assert found
        store.write(path, found.arrays, {**found.meta, "date": day})
    assert dict(origin.made("slowdown", paths))["dates"] == ["2030-12-31 to 2031-01-02"]


def test_what_no_logarithm_shows_is_left_out():
    assert curves.encoded(np.array([1.0, 0.0, np.nan, 10.0, np.inf, -1.0, 0.1])) == [0, None, None, 10000] + [
        None
    ] * 2 + [-20000]


def test_how_it_was_made_has_the_command_without_the_places(tmp_path):
    paths = small(tmp_path / "runs")
    for name, cells, words in (
        ("a", paths, ["a=1"]),
        ("b", paths[1:], ["b=2"]),
        ("c", paths, ["experiment=x", "runs_dir=/x"]),
    ):
        plan = {"cells": {path.stem: "" for path in cells}, "command": words, "begun": 0.0}
        folder = Sweep(tmp_path / "runs" / "sweeps" / f"{name}-1").folder
        folder.mkdir(parents=True)
        (folder / "plan.json").write_text(json.dumps(plan))
    explorer.write("slowdown", paths, tmp_path)
    assert dict(read(tmp_path)[2]["made"])["command"] == ["zobench -m a=1"]
    explorer.write("slowdown", paths[1:], tmp_path)
    assert dict(read(tmp_path)[2]["made"])["command"] == ["zobench -m b=2"]


@pytest.mark.parametrize("many", [False, True])
def test_only_our_scripts_may_run_and_nothing_is_loaded(tmp_path, many):
    paths = hostile(tmp_path) if many else small(tmp_path)
    evil = Table(EVIL[1], EVIL[0], [*EVIL], [[*EVIL]], 2)
    explorer.write(EVIL[0], paths, tmp_path, explorer.Shown(EVIL[1], [evil], [f"{EVIL[2]}.svg"]))
    block, page, data = read(tmp_path)
    assert not re.search(r"[<>&\u2028]", block)
    assert data["tables"][0]["lines"] == [[printable(each) for each in EVIL]]
    scripts = [own for tag, own in page.tags if tag == "script"]
    assert scripts == [{"type": "application/json", "id": "data"}, {}, {}]
    assert not [tag for tag, own in page.tags if tag in ("link", "iframe", "img", "svg") or "src" in own]
    assert not [own for _, own in page.tags if any(name.startswith("on") or name == "style" for name in own)]
    style, _, *run = [f"'sha256-{base64.b64encode(hashlib.sha256(t.encode()).digest()).decode()}'" for t in page.texts]
    assert page.policy == (
        f"default-src 'none'; script-src {' '.join(run)}; style-src {style}; img-src 'self' file: data:; "
        "base-uri 'none'; form-action 'none'"
    )
    assert "Permission is hereby granted" in page.texts[2]


def test_the_scripts_set_text_and_ask_no_network():
    ours = "".join((explorer.HERE / file).read_text() for file in explorer.SCRIPTS)
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|eval|Function\(|fetch|http(?!://www.w3.org)", ours
    )


def test_the_same_records_give_the_same_bytes_in_any_order(tmp_path):
    paths = small(tmp_path)
    explorer.write("slowdown", paths[:4], tmp_path)
    first = (tmp_path / "index.html").read_bytes()
    explorer.write("slowdown", paths[3::-1], tmp_path)
    assert (tmp_path / "index.html").read_bytes() == first


@pytest.mark.slow
def test_a_hundred_cells_weigh_less_than_a_megabyte_and_many_keep_their_medians(tmp_path):
    rng = np.random.default_rng(0)
    paths = [record(tmp_path, config("two_point", n, seed=seed), runs=20) for n in range(8, 18) for seed in range(10)]
    for path in paths:  # curves that are not each other's
        found = store.read(path)
        assert found is not None
        gap = found.arrays["theory/gap"] * np.exp(0.3 * rng.standard_normal(found.arrays["theory/gap"].shape))
        store.write(path, {**found.arrays, "theory/gap": gap, "theory/gradient": 3 * gap}, found.meta)
    explorer.write("slowdown", paths, tmp_path)
    assert (tmp_path / "index.html").stat().st_size < 1e6
    assert all({"mid", "low", "high"} <= s["of"]["gap"].keys() for s in read(tmp_path)[2]["curves"]["series"])


def test_no_two_methods_have_the_same_colour_and_line(tmp_path):
    names, dtypes = ("autodiff", "finite_difference", "two_point", "spsa"), ("float64", "float32")
    asked = [(config(name, dtype=dtype), rule) for name in names for dtype in dtypes for rule in curves.DASHES]
    shown = curves.found([record(tmp_path, each, rule=rule) for each, rule in asked])["curves"]["series"]
    looks = {(one["color"], *one["dash"]) for one in shown}
    assert len({one["name"] for one in shown}) == len(looks) == len(shown) > 7


def test_a_picture_has_its_caption(tmp_path):
    about = explorer.Shown(files=["ranks.png"], captions={"ranks": "Who is best."})
    explorer.write("mine", small(tmp_path), tmp_path, about)
    assert [picture["title"] for picture in read(tmp_path)[2]["pictures"]] == ["ranks: Who is best."]


def test_a_black_box_is_shown_above_the_best_value_that_is_known(tmp_path):
    """Its values are f itself, which may be negative: on a logarithmic axis there would be nothing."""
    paths = [record(tmp_path, config(name, problem="black_box")) for name in ("two_point", "spsa")]
    found = curves.found([changed(path, lambda gap: gap - 5, target=-np.inf) for path in paths])
    assert found["curves"]["metrics"]["gap"] == "f − best known"
    for one in found["curves"]["series"]:
        middle = decoded(found["pool"][one["of"]["gap"]["mid"]])
        assert middle[0] == pytest.approx(0.25 / 2, rel=1e-3) and one["target"] is None
        assert one["ended"] == "4 runs without a target"
    assert {(line[2], line[4]) for line in found["cells"].lines} == {("its budget", "")}
