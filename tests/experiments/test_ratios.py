"""exponents, effective_dimension, horizon and acceleration: planted laws are found, and verdicts follow the records."""

import json
from math import log
from pathlib import Path

import numpy as np
import pytest

from zobench import recursion, statistics, store
from zobench.__main__ import main
from zobench.experiments.acceleration import numbers
from zobench.experiments.effective_dimension import page as effective_dimension
from zobench.experiments.exponents import page as exponents
from zobench.experiments.horizon import page as horizon
from zobench.problems.quadratics import quadratic
from zobench.report import claims, files, measured, page, ratios, records
from zobench.statistics import Estimate

DIMS = (12, 20, 28, 44, 60)  # none of them in the experiment


def planted(n, K, rule="trace", spectrum="two_level", seeds=5, spread=0.01, rank=8):
    """A record whose runs meet the target at about K, with ln f a line of k, so that every iteration can be told."""
    every, target = max(n // 4, 1), 1e-4
    mu = {"fixed_rank": 1e-9, "log_uniform": 0.01}.get(spectrum)
    problem = {"dim": n, "spectrum": spectrum, "mu": mu, "rank": rank}
    times = np.round(K * (1 + spread * np.linspace(-1, 1, seeds)))
    k = np.arange(0, int(times.max()) + 2 * every, every)
    gap = np.exp(k * log(target) / (times[:, None] - 1e-3)) / 4
    hits = np.array([k[np.argmax(run <= target / 4)] for run in gap], float)
    config = {
        "problem": {"_target_": "zobench.problems.quadratics.quadratic", **problem},
        "estimator": {"_target_": "zobench.estimators.two_point"},
        "optimizer": {"_target_": "optax.sgd"},
        "method": {"_target_": "zobench.methods.descent"},
        "stop": {"metric": "gap", "target": target, "relative_to": "start"},
        "seeds": seeds,
        "dtype": "float64",
    }
    meta = {"config": config, "n": n, "calls": {"value": 2, "jvp": 0, "grad": 0}, "B": float(n), "target": target / 4}
    meta |= {"L": 1.0, "hessian_trace": quadratic(**problem).hessian_trace, "delta": 0.25, "radius2": 1.0}
    meta |= {"status": "ok", "rules": {rule: {"step": 1 / n}}}
    outcome = np.full(seeds, "reached")
    arrays = {f"{rule}/k": k, f"{rule}/gap": gap, f"{rule}/hits": hits, f"{rule}/outcome": outcome}
    return records.Record(f"{spectrum}{n}-{rank}-{rule}", meta, arrays)


def written(folder: Path, found) -> list[Path]:
    folder.mkdir(parents=True)
    for record in found:
        store.write(folder / f"{record.key}.npz", record.arrays, record.meta)
    return sorted(folder.glob("*.npz"))


def test_arrivals_are_found_between_records():
    record = planted(64, 1003, seeds=3, spread=0.005)
    assert list(measured.arrivals(record, "trace")) == [998, 1003, 1008]
    assert all(record.arrays["trace/hits"] % 16 == 0)


def test_runs_that_never_arrive_are_kept():
    record = planted(64, 1003, seeds=3)
    record.arrays["trace/hits"][1:] = np.inf
    (point,) = ratios.points([record])
    assert point.time.value == np.inf and point.reached == 1
    assert np.isnan(exponents.lines([point])[0].slope().value)


def test_a_planted_exponent_is_found_and_three_dimensions_are_too_few():
    found = ratios.points([planted(n, 229 * 3 * n**0.7) for n in DIMS])
    (line,) = exponents.lines(found)
    assert line.slope().value == pytest.approx(0.7, abs=0.003)
    assert line.slope().low < 0.7 < line.slope().high
    assert np.isnan(exponents.lines(found[:3])[0].slope().value)
    assert np.isnan(line.slope(least=28).value)


def test_k_gd_is_what_gradient_descent_needs():
    """229 for every n, and fewer where it is tuned too."""
    found = ratios.points([planted(n, 4000, rule) for n in DIMS for rule in ("theory", "tuned")])
    assert {p.K_GD for p in found if p.rule == "theory"} == {229}
    assert {p.K_GD for p in found if p.rule == "tuned"} <= {116, 117, 118, 119}


def test_a_changed_record_changes_the_verdict(tmp_path):
    """Exponent 1 under the theory step, whatever the spectrum; refuted where one of them has 0.8."""

    def verdict(name, exponent):
        spectra = ("two_level", "uniform", "one_large", "harmonic", "fixed_rank")
        K_GD = {(s, n): ratios.points([planted(n, 4000, "theory", s)])[0].K_GD for s in spectra for n in DIMS[1:]}
        made = [planted(n, K_GD[s, n] * n ** (exponent if s == "harmonic" else 1), "theory", s) for s, n in K_GD]
        paths = written(tmp_path / name, made)
        claim = next(c for c in claims.of("exponents") if c.beyond == 17 and c.expected != "refuted")
        return claim.verdict(page.measured("exponents", paths))

    assert verdict("one", 1.0) == "holds"
    assert verdict("other", 0.8) == "refuted"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exponents")
    dims = ",".join(map(str, DIMS[:4]))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with pytest.raises(SystemExit) as ended:
            main(["experiment=exponents", "+spectrum=two_level", f"problem.dim={dims}", "step=[theory]", "seeds=6",
                  "hydra/launcher=basic"])  # fmt: skip
    assert ended.value.code == 0
    return folder


def test_the_exponent_again_from_the_records_by_hand_at_other_dimensions(small):
    """ln(median hit/229) on ln n by plain least squares, hits as recorded: the report's number to its interval."""
    n, y = [], []
    for path in (small / "runs").glob("*.npz"):
        stored = store.read(path)
        assert stored
        n.append(stored.meta["n"])
        y.append(np.median(stored.arrays["theory/hits"]) / 229)
    assert sorted(n) == list(DIMS[:4])
    slope = np.polyfit(np.log(n), np.log(y), 1)[0]
    (row,) = files.read_csv(small / "reports" / "exponents" / "table.csv")
    assert float(row["exponent"]) == pytest.approx(slope, abs=0.04)
    assert float(row["exact_exponent"]) == pytest.approx(1.005, abs=0.01)
    assert 0.9 < slope < 1.1


def test_the_contest_finds_the_law_that_was_planted():
    cells = [(n, r) for n in (40, 60, 90, 130) for r in (2, 4, 8, 16)]
    for law, best in ((lambda n, r: n * (r + 2) / (n + 2), "n(r+2)/(n+2)"), (lambda n, r: n, "n")):
        made = []
        for i, (n, r) in enumerate(cells):
            K_GD = ratios.points([planted(n, 4000, spectrum="fixed_rank", rank=r)])[0].K_GD
            noise = 1 + 0.01 * (-1) ** (i + i // 4)
            made.append(planted(n, 10 * K_GD * law(n, r) * noise, spectrum="fixed_rank", rank=r, spread=0.002))
        (laws,) = effective_dimension.contests(ratios.points(made)).values()
        fixed = [law for name, law in laws.items() if name != effective_dimension.FREE]
        assert fixed[0].name == best and fixed[0].constant.value == pytest.approx(10, rel=0.01)
        assert fixed[0].wins > 0.9
        assert laws[best].aicc < laws["r"].aicc - 10


def test_aicc_is_its_formula():
    """N ln(RSS/N) + 2k + 2k(k+1)/(N−k−1) by hand."""
    assert effective_dimension.aicc(8.0, 8, 2) == pytest.approx(0 + 4 + 12 / 5)
    assert effective_dimension.aicc(1.0, 5, 4) == np.inf


def test_too_few_cells_are_not_measured(tmp_path):
    paths = written(tmp_path / "few", [planted(40, 900, spectrum="fixed_rank", rank=r) for r in (2, 4)])
    for name in ("effective_dimension", "horizon", "exponents"):
        found = page.measured(name, paths)
        asked = {check.quantity for claim in claims.of(name) for check in claim.checks}
        assert all(np.isnan(found[quantity].value) for quantity in asked & found.keys())
        page.write(name, paths, tmp_path / name)
        verdicts = json.loads((tmp_path / name / "verdicts.json").read_text())
        assert {entry["verdict"] for entry in verdicts} == {"not measured"}
        drawn = {file.stem for file in (tmp_path / name).glob("*.png")}
        assert drawn == {*page.load(name).figures} and (tmp_path / name / "cells.csv").exists()
    assert "2 cells are too few" in (tmp_path / "effective_dimension" / "table.md").read_text()
    assert "needs >= 4 dimensions" in (tmp_path / "horizon" / "table.md").read_text()


def series(exponent=1.0, dims=(16, 32, 64, 128, 256), noise=0.0):
    made = [planted(n, 245 * n**exponent * (1 + noise * (-1) ** i), "theory") for i, n in enumerate(dims)]
    return horizon.series(ratios.points(made))[0]


def test_a_planted_power_is_carried_to_far_dimensions():
    for law in horizon.LAWS:
        one = horizon.predict(series(noise=0.01), 10**6, law)
        assert one.value == pytest.approx(2 * 245 * 1e6, rel=0.05)
        assert one.low < 2 * 245e6 < one.high
    assert horizon.predict(series(0.5), 10**6, "power").value == pytest.approx(2 * 245 * 1e3, rel=0.02)


def held_out(own):
    return [one for one in horizon.predictions(own) if one.kind == "held out"]


def test_held_out_dimensions_of_another_law_fall_outside():
    """A slowdown that doubles beyond n = 64 is not what the smaller dimensions say."""
    own = series(noise=0.003)
    assert all(one.inside for one in held_out(own))
    assert {(one.n, one.n_fit[-1]) for one in held_out(own)} == {(256, 128)}
    bent = [p._replace(time=p.time.times(1 + (p.n > 128))) for p in own]
    assert not any(one.inside for one in held_out(bent))


def test_below_four_dimensions_there_is_no_prediction():
    assert np.isnan(horizon.predict(series(), 10**6, "power", most=64).value)
    assert horizon.predict(series(), 10**6, "power", most=128).value > 0


@pytest.mark.parametrize("spectrum", ["two_level", "one_large", "fixed_rank"])
def test_far_levels_are_those_of_the_problem(spectrum):
    far = horizon.far_levels(spectrum, None, 4, 30)
    problem = quadratic(dim=30, spectrum=spectrum, rank=4, mu=1e-12 if spectrum == "fixed_rank" else None)
    assert problem.modes
    near = recursion.levels(problem.modes)
    kept = near.eigenvalue > 1e-9
    assert far is not None
    for one, other in zip(far, near, strict=True):
        np.testing.assert_allclose(one, other[kept], rtol=1e-9)
    assert horizon.far_levels("uniform", None, 8, 30) is None


def test_the_abscissa_of_a_bound_makes_its_exponent():
    k = np.arange(1, 50)
    x = numbers.abscissa(k, 4.0, True)
    assert np.polyfit(x, np.log((1 + k / 8) ** -2.0), 1)[0] == pytest.approx(-2)
    x = numbers.abscissa(k, 1.0, False)
    assert np.polyfit(x, np.log(1 / (2 * k + 1)), 1)[0] == pytest.approx(-1)


def test_of_nothing_no_claim_is_measured():
    found = numbers.measures([])
    assert all(isinstance(x, Estimate) and np.isnan(x.value) for x in found.values())
    assert {claim.verdict(found) for claim in claims.of("acceleration")} == {"not measured"}


def test_cells_that_differ_in_more_than_n_are_lines_of_their_own(tmp_path):
    def asked(n, group, **values):
        record = planted(n, 700 * n**0.7)
        config = {**record.config, group: {**record.config[group], **values}}
        return record._replace(key=f"{n}-{values}", meta={**record.meta, "config": config})

    made = [asked(n, "estimator", q=q) for n in DIMS for q in (1, 2)] + [asked(12, "problem", mu=0.1)]
    found = exponents.lines(ratios.points(records.load(written(tmp_path / "runs", made))))
    assert [(line.spectrum, len(line.points)) for line in found] == [
        ("two_level, mu=0.1", 1),
        ("two_level, mu=null, q=1", 5),
        ("two_level, mu=null, q=2", 5),
    ]


def test_acceleration_refuses_two_cells_of_one_kind(tmp_path):
    made = []
    for q in (1, 2):
        record = planted(12, 4000, "theory")
        config = {**record.config, "estimator": {**record.config["estimator"], "q": q}}
        made.append(record._replace(key=str(q), meta={**record.meta, "config": config}))
    with pytest.raises(ValueError, match=r"two-point GD, q=1 and .*two-point GD, q=2; this report takes one"):
        numbers.entries(records.load(written(tmp_path / "runs", made)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spectrum", "rule", "most", "expected"),
    [
        ("harmonic", "theory", 512, 0.977), ("harmonic", "trace", 512, 0.267),
        ("one_large", "theory", 512, 0.998), ("one_large", "trace", 512, 0.357),
        ("two_level", "theory", 512, 1.002), ("two_level", "trace", 512, 0.970), ("two_level", "tuned", 128, 0.967),
        ("log_uniform", "theory", 512, 1.000), ("log_uniform", "trace", 512, 0.879), ("uniform", "trace", 512, 0.992),
    ],
)  # fmt: skip
def test_the_exact_recursion_has_the_exponents_that_are_known(spectrum, rule, most, expected):
    """Numbers of the theory, from 8 to `most` with equal weights: the same formula again, so a test and no claim."""
    record = planted(16, 4000, spectrum=spectrum)
    sizes = [8 * 2**i for i in range(7) if 8 * 2**i <= most]
    values = [Estimate(ratios.slowdown_at(record, n, rule)) for n in sizes]
    assert statistics.exponent(sizes, values).value == pytest.approx(expected, abs=0.01)
