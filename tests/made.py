"""Records with chosen curves, for tests of the reports that read them."""

import numpy as np

from zobench import store

DESCENT = {"_target_": "zobench.methods.descent"}
SGD = {"_target_": "optax.sgd"}


def made(
    folder, problem, *, arrays, method=DESCENT, estimator="two_point", optimizer=SGD, calls=2, status="ok", asked=(),
    **meta,
):  # fmt: skip
    """Write a record; its rules are those of its arrays' names, `asked` what else its config says. Its path."""
    config = {
        "problem": problem,
        "estimator": {"_target_": f"zobench.estimators.{estimator}"},
        "optimizer": optimizer,
        "method": method,
        "stop": {"metric": meta.pop("metric", "gap"), "calls": meta.pop("budget", None)},
        **dict(asked),
    }
    names = dict.fromkeys(name.partition("/")[0] for name in arrays if not name.startswith("tuning/"))
    rules = {name: {"step": meta.get("step", 1.0)} for name in names}
    about = {"status": status, "config": config, "calls": {"value": calls}, "rules": rules, "reason": "", **meta}
    path = store.path(folder, store.digest(config, meta))
    store.write(path, {name: np.asarray(array) for name, array in arrays.items()}, about)
    return path


def files(experiment):
    """The files of a page all of whose figures are drawn."""
    pictures = ([name] if "." in name else [f"{name}.png", f"{name}.svg"] for name in experiment.figures)
    always = {*experiment.csv, "table.md", "table.tex", "verdicts.json", "index.html"}
    return always.union(*pictures)


def labelled(paths):
    """Cells as reports take them, called by the names of their records."""
    return [(path.stem, path) for path in paths]
