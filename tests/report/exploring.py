"""Records for the tests of the page that is looked through: as many cells as asked for, and what a stranger writes."""

import numpy as np

from zobench import store

EVIL = (
    "<img src=x onerror=window.harmed=1>",
    "</script><script>window.harmed=1</script>",
    '"><svg onload=window.harmed=1>',
    "<!--<script>",
    "{{data}} ${x} \u2028 \ud800",
)


def config(method="two_point", n=8, problem="quadratic", **more):
    return {
        "problem": {"_target_": f"zobench.problems.quadratics.{problem}", "dim": n},
        "estimator": {"_target_": f"zobench.estimators.{method}"},
        "optimizer": {"_target_": "optax.sgd", "_partial_": True},
        "method": {"_target_": "zobench.methods.descent", "_partial_": True},
        "step": ["theory"],
        "stop": {"metric": "gap", "target": 1e-3},
        "seeds": 4,
        "seed": 0,
        "dtype": "float64",
        **more,
    }


def record(folder, asked, *, rule="theory", runs=4, points=300, status="ok", price=None, **more):
    """A record whose gap is 2⁻ʲ/(k + 1) in run j, its squared gradient twice that; its path."""
    k = np.unique(np.geomspace(1, 10_000, points).astype(int))
    gap = 0.5 ** np.arange(runs)[:, None] / (k + 1)
    arrays = {"k": k, "gap": gap, "gradient": 2 * gap, "distance": np.full_like(gap, np.nan)}
    arrays |= {"outcome": np.where(np.arange(runs) > 0, "reached", "not reached"), "hits": np.full(runs, 900.0)}
    calls = {"value": 0, "jvp": 0, "grad": 1} if price else {"value": 2, "jvp": 0, "grad": 0}
    meta = {"status": status, "reason": "", "config": asked, "n": asked["problem"].get("dim", 8), "calls": calls}
    meta |= {
        "rules": {rule: {"step": 0.1, "run_seconds": 0.5, "steps_run": 10_000}},
        "target": 1e-3,
        "prices": {"grad": price},
    }
    meta |= {"versions": {"jax": "1.2.3"}, "machine": {"system": "Linux", "device": "cpu"}, **more}
    path = store.path(folder, store.digest(asked, rule))
    store.write(path, {f"{rule}/{name}": value for name, value in arrays.items()} if status == "ok" else {}, meta)
    return path


def changed(path, change, **about):
    """The record of that path with its gaps changed."""
    kept = store.read(path)
    assert kept
    arrays = {name: change(array) if name.endswith("/gap") else array for name, array in kept.arrays.items()}
    store.write(path, arrays, {**kept.meta, **about})
    return path


def small(folder):
    """Two sizes of a priced gradient and of two points, and a cell that failed."""
    paths = [record(folder, config("autodiff", n), price=4.0, runs=1) for n in (8, 16)]
    paths += [record(folder, config("two_point", n)) for n in (8, 16)]
    return [*paths, record(folder, config("spsa"), status="failed", reason="it broke")]


def hostile(folder):
    """Whatever may be chosen by who makes a record, chosen by a stranger."""
    paths = []
    for evil in EVIL[:4]:
        asked = config(evil, problem=evil, dtype=evil, optimizer={"_target_": evil, "momentum": evil})
        paths.append(record(folder, asked, rule=evil, versions={evil: evil}, machine={evil: evil}))
        paths.append(record(folder, {**asked, "seed": 7}, status="failed", reason=evil))
    return paths
