"""A table of distances of one's own: read as people keep them, fitted where it is known, refused in a line."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from zobench.problems.distance_tables import filled, table
from zobench.problems.maps import distances, gradient, hessian, mds

N = 7


@pytest.fixture
def known():
    d = distances("europe", N)
    d[1, 4] = d[2, 5] = d[5, 2] = np.nan  # one entry of a pair, and a whole pair
    return d


@pytest.mark.parametrize("stress", ["sstress", "stress"])
def test_what_is_not_known_is_not_fitted_and_weights_are(known, stress):
    """f is the sum over the ordered pairs that are known; its closed forms are its derivatives."""
    weight = np.random.default_rng(0).uniform(1, 2, (N, N)).round(1)
    weight = weight + weight.T
    problem = mds(distances=known, weights=weight, stress=stress)
    w = np.asarray(problem.x0).reshape(N, 2)
    power = 2 if stress == "sstress" else 1
    expected = 0.0
    for i in range(N):
        for j in range(N):
            if i != j and not np.isnan(known[i, j]):
                between = np.linalg.norm(w[i] - w[j])
                expected += weight[i, j] * (between**power - (known[i, j] / np.nanmax(known)) ** power) ** 2
    x = jnp.asarray(problem.x0)
    assert float(problem.f(x)) == pytest.approx(expected, rel=1e-12)
    found = table(known, weight)
    target = (found.d / found.d.max()) ** power
    by_jax = jax.jit(lambda x: (jax.grad(problem.f)(x), jax.hessian(problem.f)(x)))(x)
    np.testing.assert_allclose(gradient(w, target, stress, found.weight).ravel(), by_jax[0], atol=1e-11)
    np.testing.assert_allclose(hessian(w, target, stress, found.weight), by_jax[1], atol=1e-10)
    top = np.linalg.eigvalsh(by_jax[1])[-1]
    assert top * (1 - 1e-12) <= problem.L and 0 < problem.f_star < expected


def test_a_whole_table_is_the_built_in_map_and_a_plane_with_gaps_is_found_again():
    mine, ours = mds(distances=distances("europe", N)), mds(points=N)
    assert mine._replace(f=ours.f, x0=ours.x0) == ours and mine.f(ours.x0) == ours.f(ours.x0)
    d = distances("synthetic", 12, 2)
    d[0, 1] = d[1, 0] = d[5, 9] = d[9, 5] = np.nan
    assert 0 <= mds(distances=d).f_star < 1e-15
    found = table(d)
    assert np.isfinite(filled(found)).all() and found.weight[0, 1] == 0


NAMES = ["A b", "Cé", "D", "E"]
D = np.array([[0, 1.5, 2, 9], [1.5, 0, 2.5, 3], [2, 2.5, 0, 1], [9, 3, 1, 0]])


def written(between, above=False, before=False, gap="", corner="", decimal="."):
    rows = [[str(v).replace(".", decimal) for v in row] for row in D]
    rows[0][3] = rows[3][0] = gap
    if before:
        rows = [[name, *row] for name, row in zip(NAMES, rows, strict=True)]
    head = [[*([corner] if before else []), *NAMES]] if above else []
    return "\n".join(between.join(row) for row in [*head, *rows]) + "\n"


@pytest.mark.parametrize(
    "text",
    [
        written(","),
        written(",", above=True, before=True),
        written(",", above=True),
        written(";", before=True, gap="NA"),
        written(";", above=True, before=True, gap="-", decimal=","),
        written("\t", gap="nan"),
        written(" ", gap="?"),
        "\ufeff# made by hand\n" + written(",", above=True, before=True, corner="km", gap="n/a"),
        ",0,1,2,3\n" + "\n".join(f"{i},{row}" for i, row in enumerate(written(",").splitlines())),
        "0.0,,,\n1.5,0.0,,\n2.0,2.5,0.0,\n,3.0,1.0,0.0\n",
    ],
)
def test_a_file_is_read_as_people_keep_it(tmp_path, text):
    (tmp_path / "d.csv").write_text(text, encoding="utf-8")
    found = table(tmp_path / "d.csv", labels=None if "Cé" in text else NAMES)
    np.testing.assert_array_equal(found.d, np.where(D == 9, 0, D))
    assert found.names == NAMES and found.weight[0, 3] == 0 < found.weight[0, 1]


def changed(*places):
    d = D.copy()
    for i, j, value in places:
        d[i, j] = value
    return "\n".join(",".join(map(str, row)) for row in d)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No such file"),
        ("", "nothing in it"),
        ("0,1,2\n1,0,3\n", "not square: 2 x 3"),
        ("0,1\n1,0,3\n", "row 2 has 3 entries, the first 2"),
        (changed((0, 1, 7)), "not symmetric: 1 to 2 is 7, back it is 1.5"),
        (changed((0, 1, -1), (1, 0, -1)), "1 to 2 is -1: negative"),
        (changed((2, 2, 1)), "3 to 3 is 1: not 0"),
        (changed((1, 3, np.inf), (3, 1, np.inf)), "not finite"),
        (changed().replace("2.5", "2.5km", 1), "row 2, column 3: '2.5km' is no number"),
        (changed(*((i, j, np.nan) for i in (0, 1) for j in (2, 3)), *((j, i, np.nan) for i in (0, 1) for j in (2, 3))),
         "no way over known distances from 1 to 3: 2 maps"),
    ],
)  # fmt: skip
def test_what_is_no_table_of_distances_is_refused_in_a_line(tmp_path, text, said):
    path = tmp_path / "d.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ValueError, match=r"^distances=") as caught:
        mds(distances=str(path))
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_weights_and_labels_belong_to_distances():
    wrong: Any
    for wrong, said in (
        ({"weights": D}, "weights: of distances of your own"),
        ({"labels": NAMES}, "labels: of distances of your own"),
        ({"distances": D, "weights": D[:3, :3]}, "weights=a ndarray: 3 rows, and 4 of distances"),
        ({"distances": D, "weights": -D}, "negative"),
        ({"distances": D, "labels": ["a"]}, "labels=a list: 1 names of 4 points"),
        ({"distances": D, "points": 9}, "points=9: a ndarray has 4"),
        ({"distances": D, "embedding": 4}, "embedding=4: 4 points span at most 3"),
    ):
        with pytest.raises(ValueError, match=said):
            mds(**wrong)
    assert mds(distances=D, points=3).n == 6
