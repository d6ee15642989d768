"""A map of one's own from the command: names in it, the file decides the record, and what is no table ends with 2."""

import csv

import numpy as np
import pytest

from zobench.problems.maps import distances, true_map

SWEEP = ("-m", "problem=mds", "problem.distances=distances.csv", "estimator=autodiff", "step=trace", "report=map")


@pytest.fixture
def written(tmp_path):
    d, names = distances("europe", 8), true_map("europe", 8)[0]
    text = [[f"{v:.1f}" for v in row] for row in d]
    text[2][5] = ""
    lines = [",".join(["", *names]), *(",".join([name, *row]) for name, row in zip(names, text, strict=True))]
    (tmp_path / "distances.csv").write_text("\n".join(lines))
    return names


@pytest.mark.parametrize("embedding", [2, 3])
def test_the_map_is_drawn_with_its_names(zobench, tmp_path, written, embedding):
    ended = zobench(*SWEEP, f"problem.embedding={embedding}", "stop.target=1e-3")
    assert ended.code == 0 and "mds distances.csv, 8 points" in ended.out
    folder = tmp_path / "reports" / "map"
    picture = (folder / "map.svg").read_text()
    assert written[0] in picture and (f"axis {embedding}" in picture) and ("axis 3" in picture) == (embedding == 3)
    with (folder / "places.csv").open() as file:
        lines = [*csv.DictReader(file)]
    assert [line["name"] for line in lines] == written
    found = np.array([[float(line[f"x{i + 1}"]) for i in range(embedding)] for line in lines])
    between = np.linalg.norm(found[:, None] - found, axis=2)
    assert np.abs(between - distances("europe", 8)).max() < 200  # km: a sphere is no plane


def test_another_table_is_another_cell_and_the_same_is_none(zobench, tmp_path, written):
    again = tmp_path / "distances.csv"

    def ran():
        assert zobench(*SWEEP).code == 0
        (path,) = tmp_path.glob("runs/*.npz")
        return path.read_bytes()

    first = ran()
    assert ran() == first
    again.write_text(again.read_text().replace("2500.", "2600."))
    changed = ran()
    assert changed != first and ran() == changed


def test_what_is_no_table_ends_with_2_and_one_line(zobench, tmp_path):
    (tmp_path / "distances.csv").write_text("0,1\n2,0\n")
    ended = zobench(*SWEEP[1:-1])
    assert ended.code == 2 and ended.err.count("\n") == 1
    assert "problem.distances=distances.csv: not symmetric: 1 to 2 is 1, back it is 2" in ended.err
