"""Reading verdicts, the names of what is built in, and two_point made wrong: for the tests of the checks."""

from pathlib import Path

from zobench.estimators import two_point

TWO_POINT = two_point()
BIASED = {
    "bayesian_subspace",
    "guided",
    "stale_coordinates",
    "guiding_vector",
    "normalised_signs",
}  # by intention
HARDLY = {"bayesian_subspace"}  # of those, at n = 5 by less than 5,000 samples show
NO_FACTOR = {
    "one_point",
    "residual_one_point",
    "aligned",
    "hizoo",
    "averaged_baseline",
    "cone",
    "clipped_slope",
    "low_rank",
    "matrix_subspace",
    *BIASED,
}  # estimators without a factor B


def failures(verdicts):
    return {verdict.property for verdict in verdicts if verdict.verdict == "fails"}


def of(verdicts, name):
    return next(verdict for verdict in verdicts if verdict.property == name)


def built_in(group):
    return sorted(path.stem for path in (Path(__file__).parent.parent / "conf" / group).glob("*.yaml"))


def changed(by):
    """two_point with by(G, oracle, x) for its estimate G."""

    def estimate(oracle, x, draw, state):
        g, state = TWO_POINT.estimate(oracle, x, draw, state)
        return by(g, oracle, x), state

    return TWO_POINT._replace(estimate=estimate)


def keyed(change):
    """two_point with other keys."""

    def draw(key, n, dtype):
        assert TWO_POINT.draw is not None
        return TWO_POINT.draw(change(key), n, dtype)

    return TWO_POINT._replace(draw=draw)
