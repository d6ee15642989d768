"""Commands that nobody would write, drawn by a seed: keys of all kinds times values of all kinds."""
# ruff: noqa: E501

import random

KEYS = [
    "problem",
    "problem.dim",
    "problem.spectrum",
    "problem.mu",
    "problem.rotated",
    "problem.seed",
    "problem.nope",
    "problem._target_",
    "problem._partial_",
    "problem.dim.x",
    "problem.exponent",
    "problem.rank",
    "problem/quadratic",
    "problem@stop",
    "estimator",
    "estimator.q",
    "estimator.eps",
    "estimator.direction",
    "estimator.orthogonal",
    "estimator.quotient",
    "estimator._target_",
    "estimator._args_",
    "optimizer",
    "optimizer._target_",
    "optimizer._partial_",
    "optimizer.learning_rate",
    "optimizer.momentum",
    "method",
    "method._target_",
    "method._partial_",
    "method.eps",
    "class",
    "experiment",
    "spectrum",
    "contender",
    "step",
    "seeds",
    "seed",
    "dtype",
    "tuning",
    "tuning.tries",
    "tuning.seeds",
    "stop",
    "stop.metric",
    "stop.target",
    "stop.relative_to",
    "stop.gd_iterations",
    "stop.calls",
    "stop.nope",
    "study",
    "study._target_",
    "study.x",
    "runs_dir",
    "report",
    "report_dir",
    "force",
    "sweep",
    "trust",
    "nope",
    "hydra",
    "hydra.launcher",
    "hydra/launcher",
    "hydra.launcher.n_jobs",
    "hydra.launcher._target_",
    "hydra.searchpath",
    "hydra.sweeper.params",
    "hydra.job.name",
    "hydra.callbacks",
    "hydra.job_logging",
    "hydra.mode",
    "hydra.verbose",
    "hydra.output_subdir",
    "hydra.job.env_copy",
    "hydra.sweep.dir",
    "hydra.run.dir",
    "hydra.job.chdir",
]
VALUES = [
    "", "0", "1", "-1", "8", "8.0", "1e3", "-0.0", "1e400", "nan", "inf", "-inf", "null", "true", "false", "True",
    "10", "1000000000000", "9" * 40, "0x10", "007", "1_000", "2024", "3.7", "1e-400", "abc", "gap", "theory", "tuned",
    "[theory,trace]", "[]", "[[]]", "[[1]]", "[1,2]", "[nan]", "[null]", "[true]", "[a,b]", "[1,[2,{a:3}]]", "{}", "{a:1}",
    "{a:{b:{c:1}}}", "{1:2}", "{_target_:os.getcwd}", "{_target_:zobench.problems.quadratics.quadratic}", "'quoted'",
    '"8"', "'a b'", "a b", "*", "*a", "a*", "glob(*)", "glob(q*)", "choice(a,b)", "choice(8,16)", "range(1,3)",
    "interval(0,1)", "shuffle(1,2)", "sort(2,1)", "tag(a,b)", "int(8)", "float(8)", "str(8)", "bool(1)", "json_str(1)",
    "8,16", "a,b", "quadratic", "quadratic,welsch", "welsch", "mds", "two_point", "autodiff", "gd", "adam", "descent",
    "slowdown", "quick/memory", "basic", "joblib", "float32", "float16", "int8", "${nope}", "${seeds}", "${problem}",
    "${problem.dim}", "${oc.env:HOME}", "${oc.env:NOPE}", "${oc.decode:1}", "${oc.decode:'[1'}", "${now:%Y}",
    "${hydra:runtime.cwd}", "${a", "${}", "$", "???", "..", ".", "/", "../x", "~", "os.system", "os.getcwd", "builtins.eval",
    "zobench.build.import_module", "zobench.problems.os.system", "zobench.estimators.two_point", "zobench.command.job.job",
    "zobench.problems.wrappers.noisy", "zobench.methods.descent", "zobench.solvers.scipy", "optax.adam", "optax.sgd",
    "optax.chain", "optax.os.system", "optax.GradientTransformation", "optax.tree_utils.tree_map_params", "a.b", "a", "_",
    "__import__", "zobench", "a" * 5000, "a/" * 300, "x" * 300, "π", "日本", "‮abc", "\x1b]0;x\x07", "\x1b[31m", "a\tb", "a\nb",
    "\\", "'", '"', "%s", "{", "}", "[", "]", "(", ")", "=", "==", "a=b", ":", ",", ";", "#", "&", "|", "!!python/object:os",
    "[" * 200 + "]" * 200, "pkg://os", "[pkg://os]", "[file://nowhere]", "extend_list(1)", "!", "-", "--", "@", "a@b", "\ud800",
]  # fmt: skip
PREFIXES = ("", "", "", "", "", "+", "++", "~")
BASE = ("problem.dim=4", "seeds=2", "stop.gd_iterations=3", "hydra/launcher=basic", "step=0.1")


def command(seed: int) -> list[str]:
    """A command of one to three such overrides after some harmless ones; a quarter are sweeps."""
    draw = random.Random(seed)
    chosen = [
        f"{draw.choice(PREFIXES)}{draw.choice(KEYS)}={draw.choice(VALUES)}" for _ in range(draw.choice((1, 1, 2, 3)))
    ]
    chosen = [each.partition("=")[0] if each[0] == "~" and draw.random() < 0.7 else each for each in chosen]
    base = [each for each in BASE if draw.random() < 0.9]
    return ["-m"] * (draw.random() < 0.25) + base + chosen


def sweep(seed: int) -> list[str]:
    """A sweep over one or two keys of a cell, with another override of such a key before or after."""
    draw = random.Random(seed)
    keys = [key for key in KEYS[:54] if key[0] != "h" and "." in key]
    plain = [value for value in VALUES if value and not set(value) & set(" ,=\t\n\ud800")]
    swept = [f"{draw.choice(keys)}={draw.choice(plain)},{draw.choice(plain)}" for _ in range(draw.choice((1, 2)))]
    other = [f"{draw.choice(PREFIXES)}{draw.choice(keys)}={draw.choice(plain)}"]
    return draw.choice(([*swept, *other], [*other, *swept], swept))
