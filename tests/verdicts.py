"""Reading verdicts, the names of what is built in, and two_point made wrong: for the tests of the checks."""

from pathlib import Path

from zobench.estimators import two_point

TWO_POINT = two_point()
BIASED = {"guided", "guiding_vector", "normalised_signs"}  # by intention
NO_FACTOR = {
    "one_point",
    "residual_one_point",
    "aligned",
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
