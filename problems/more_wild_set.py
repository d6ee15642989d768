"""The 53 smooth instances of Moré & Wild (2009): nonlinear least squares, the usual test set without gradients.

The order is that of the authors' dfo.dat; where a size has two instances, the second starts at 10 x0. MGH numbers
are those of Moré, Garbow & Hillstrom (1981). The formulas are in `more_wild_residuals`.

     function                         instance   n                m        f*                      from
 1   linear, full rank                1-2        9                45       m − n = 36              MGH 32
 2   linear, rank 1                   3-4        7                35       m(m−1)/(2(2m+1))        MGH 33
 3   ... with zero columns and rows   5-6        7                35       (m²+3m−6)/(2(2m−3))     MGH 34
 4   Rosenbrock                       7-8        2                2        0                       MGH 1
 5   helical valley                   9-10       3                3        0                       MGH 7
 6   Powell singular                  11-12      4                4        0                       MGH 13
 7   Freudenstein & Roth              13-14      2                2        0                       MGH 2
 8   Bard                             15-16      3                15       8.21488e-3              MGH 8
 9   Kowalik & Osborne                17         4                11       3.07506e-4              MGH 15
10   Meyer                            18         3                16       87.9459                 MGH 10
11   Watson                           19-20      6                31       2.28767e-3              MGH 20
                                      21-22      9                31       1.39976e-6
                                      23-24      12               31       4.72238e-10
12   Box, three dimensions            25         3                10       0                       MGH 12
13   Jennrich & Sampson               26         2                10       124.362                 MGH 6
14   Brown & Dennis                   27-28      4                20       85822.2                 MGH 16
15   Chebyquad                        29-34      6, 7 ... 11      n        0 for n = 6, 7, 9       MGH 35
                                      31, 33-34  8, 10-11         n        3.51687e-3, 4.77271e-3, 2.79976e-3
16   Brown almost-linear              35         10               10       0                       MGH 27
17   Osborne 1                        36         5                33       5.46489e-5              MGH 17
18   Osborne 2                        37-38      11               65       4.01377e-2              MGH 19
19   bdqrtic                          39-42      8, 10, 11, 12    2(n−4)   10.2390 ... 26.2728     CUTEr
20   cube                             43-45      5, 6, 8          n        0                       CUTEr
21   Mancino                          46-47      5                n        0                       CUTEr
                                      48-51      8, 10, 12, 12    n        0
22   heart8                           52-53      8                8        0                       CUTEr

Descents can end higher: at 48.9843 (13, 14), 17.4287 at infinity (15, 16), 1.02734e-3 at infinity (17), 259.58 at
infinity (26), 6.50395e-3 (33, the value MGH print, and 9.50063e-3), 1 (35). Instances 9 and 10 jump where x₁ = 0 and
x₂ < 0; 15 to 18 have poles; the exponentials of 18, 25, 26 and 36 to 38 can overflow.
"""

from collections.abc import Callable
from math import nan
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from zobench.problems import more_wild_residuals as F
from zobench.types import Problem, Vector


def more_wild(instance: int = 7) -> Problem:
    """f(x) = Σᵢ Fᵢ(x)², F from Rⁿ to Rᵐ, started at the standard x0 or at 10 x0. A value costs mn.

    `instance`: 1 to 53, in the table of this module. f* is the lowest known value; x* is given where it is proven to be
    the only minimiser; L and tr H for 1 to 6, the quadratics, and mu for 1 and 2.
    Raises ValueError where there is no such instance.
    """
    if not (isinstance(instance, int) and 1 <= instance <= len(INSTANCES)):
        raise ValueError(
            f"problem.instance={instance}: there are 53, numbered from 1; problem.instance=range(1,54) sweeps them all"
        )
    case, factor = INSTANCES[instance - 1]
    minimiser = _minimiser(case)
    L, mu, trace = _curvature(case)
    return Problem(
        f=lambda x: jnp.sum(case.residuals(x, case.m) ** 2),
        x0=factor * _start(case),
        f_star=case.f_star,
        x_star=None if minimiser is None else np.asarray(minimiser),
        L=L,
        mu=mu,
        hessian_trace=trace,
    )


class Case(NamedTuple):
    """One function at one size; `starts` is 1 for the standard start alone, 2 for ten times it too.

    `start` and `minimiser` are the n coordinates, or one number for all of them; empty: see _start and _minimiser.
    """

    residuals: Callable[[Vector, int], F.Residuals]
    n: int
    m: int
    starts: int
    start: str
    f_star: float
    minimiser: str = ""


# Positive f*, but for functions 1 to 3: Newton's method in 50 digits (80 for Watson with n = 12), rounded, from the
# best of 24 to 250 least-squares descents. All six digits of Moré, Garbow & Hillstrom are the same, but for Chebyquad
# with n = 10, where they print a local minimum; so are all seven of estimagic's copy of the set. Brown & Dennis and
# bdqrtic are convex (squares of sums of squares of affine functions): theirs are the minima.
BDQRTIC = {
    8: "0.6160754444546612 0.4861767188800076 0.3919029370726183 0.3263505235373955 0 0 0 0",
    10: "0.6255364781105441 0.4851009840856436 0.367194348286184 0.2851884815939384 0.3301671643347729 "
    "0.3775719900456705 0 0 0 0",
    11: "0.6251418307495387 0.4858196056648874 0.3712502211039048 0.2835040153534172 0.3169469727455595 "
    "0.3387329958837648 0.3759209100419122 0 0 0 0",
    12: "0.6248003659883237 0.4853765224728324 0.3716591292074723 0.2859718512079578 0.3155200175795323 "
    "0.3253724442903558 0.337818610289659 0.3740202262629748 0 0 0 0",
}
CASES = (
    Case(F.linear, 9, 45, 2, "1", 36.0, "-1"),
    Case(F.rank_one, 7, 35, 2, "1", 595 / 71),
    Case(F.rank_one_with_zeros, 7, 35, 2, "1", 662 / 67),
    Case(F.rosenbrock, 2, 2, 2, "-1.2 1", 0.0, "1"),
    Case(F.helical_valley, 3, 3, 2, "-1 0 0", 0.0, "1 0 0"),
    Case(F.powell_singular, 4, 4, 2, "3 -1 0 1", 0.0, "0"),
    Case(F.freudenstein_roth, 2, 2, 2, "0.5 -2", 0.0, "5 4"),
    Case(F.bard, 3, 15, 2, "1", 0.008214877306578975),
    Case(F.kowalik_osborne, 4, 11, 1, "0.25 0.39 0.415 0.39", 0.00030750560384923745),
    Case(F.meyer, 3, 16, 1, "0.02 4000 250", 87.94585517085112),
    Case(F.watson, 6, 31, 2, "0.5", 0.0022876700535524363),
    Case(F.watson, 9, 31, 2, "0.5", 1.39976013809902e-06),
    Case(F.watson, 12, 31, 2, "0.5", 4.722381105891757e-10),
    Case(F.box, 3, 10, 1, "0 10 20", 0.0),
    Case(F.jennrich_sampson, 2, 10, 1, "0.3 0.4", 124.36218235561485),
    Case(
        *(F.brown_dennis, 4, 20, 2, "25 5 -5 -1", 85822.20162635634),
        "-11.594439904762165 13.203630051207204 -0.40343948817685954 0.2367787744557363",
    ),
    Case(F.chebyquad, 6, 6, 1, "", 0.0),
    Case(F.chebyquad, 7, 7, 1, "", 0.0),
    Case(F.chebyquad, 8, 8, 1, "", 0.0035168737256779316),
    Case(F.chebyquad, 9, 9, 1, "", 0.0),
    Case(F.chebyquad, 10, 10, 1, "", 0.004772713696375349),
    Case(F.chebyquad, 11, 11, 1, "", 0.0027997615518657666),
    Case(F.brown_almost_linear, 10, 10, 1, "0.5", 0.0),
    Case(F.osborne_1, 5, 33, 1, "0.5 1.5 1 0.01 0.02", 5.464894697482907e-05),
    Case(F.osborne_2, 11, 65, 2, "1.3 0.65 0.65 0.7 0.6 3 5 7 2 4.5 5.5", 0.040137736293547735),
    Case(F.bdqrtic, 8, 8, 1, "1", 10.238973421317434, BDQRTIC[8]),
    Case(F.bdqrtic, 10, 12, 1, "1", 18.281161753593537, BDQRTIC[10]),
    Case(F.bdqrtic, 11, 14, 1, "1", 22.260591734883757, BDQRTIC[11]),
    Case(F.bdqrtic, 12, 16, 1, "1", 26.272766396793962, BDQRTIC[12]),
    Case(F.cube, 5, 5, 1, "0.5", 0.0, "1"),
    Case(F.cube, 6, 6, 1, "0.5", 0.0, "1"),
    Case(F.cube, 8, 8, 1, "0.5", 0.0, "1"),
    Case(F.mancino, 5, 5, 2, "", 0.0),
    Case(F.mancino, 8, 8, 1, "", 0.0),
    Case(F.mancino, 10, 10, 1, "", 0.0),
    Case(F.mancino, 12, 12, 2, "", 0.0),
    Case(F.heart, 8, 8, 2, "-0.3 -0.39 0.3 -0.344 -1.2 2.69 1.59 -1.5", 0.0),
)
MANCINO = jax.jit(F.mancino, static_argnums=1)  # its start and its minimiser are computed
INSTANCES = tuple((case, 10**power) for case in CASES for power in range(case.starts))


def _start(case: Case) -> np.ndarray:
    if case.residuals is F.chebyquad:
        return np.arange(1, case.n + 1) / (case.n + 1)
    if case.residuals is F.mancino:
        return -8.710996e-4 * np.asarray(MANCINO(jnp.zeros(case.n), case.m))
    return _spread(case.start, case.n)


def _minimiser(case: Case) -> np.ndarray | None:
    if case.residuals is F.mancino:
        # Fᵢ depends on xᵢ alone, with slope 1400 ± 2.2n: each step contracts 50 times, down to rounding
        x = jnp.zeros(case.n)
        for _ in range(15):
            x = x - MANCINO(x, case.m) / 1400
        return np.asarray(x)
    return _spread(case.minimiser, case.n) if case.minimiser else None


def _spread(text: str, n: int) -> np.ndarray:
    return np.broadcast_to(np.array(text.split(), float), n)


def _curvature(case: Case) -> tuple[float, float, float]:
    """L, mu and tr H of the linear ones, H = 2AᵀA: 2I, or of rank one."""
    if case.residuals is F.linear:
        return 2.0, 2.0, 2.0 * case.n
    rows, columns = np.arange(1, case.m + 1), np.arange(1, case.n + 1)
    if case.residuals is F.rank_one_with_zeros:
        rows, columns = rows[:-2], columns[1:-1]
    elif case.residuals is not F.rank_one:
        return nan, nan, nan
    only = 2.0 * float(np.sum(rows**2) * np.sum(columns**2))
    return only, nan, only
