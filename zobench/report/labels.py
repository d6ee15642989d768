"""What pictures call things: names for people in place of those in code, and numbers as they are written by hand.

Tables and records keep the names in code, by which cells are found again.
"""

import re

NAMES = {
    "noise_aware_lbfgs": "noise-aware L-BFGS",
    "poem": "POEM",
    "bayesian_subspace": "BSZO",
    "hizoo": "HiZOO",
    "stale_coordinates": "CoCD",
    "averaged_baseline": "ZoAR",
    "matrix_subspace": "SubZero",
    "low_rank": "low rank",
    "subspace": "random subspace",
    "guiding_vector": "MeZO-GV",
    "greedy": "MeZO-Greedy",
    "cone": "ConMeZO",
    "ackley": "Ackley",
    "adam": "Adam",
    "bbob": "BBOB",
    "beale": "Beale",
    "bfgs": "BFGS",
    "bfgs_differences": "BFGS, differences",
    "black_box": "black box",
    "booth": "Booth",
    "breast_cancer": "breast cancer",
    "clipped_slope": "clipped slopes",
    "cma": "CMA-ES",
    "cobyqa": "COBYQA",
    "data_quadratic": "quadratic from data",
    "dixon_price": "Dixon–Price",
    "europe": "Europe",
    "fixed_rank": "fixed rank",
    "forward_gradient": "forward gradient",
    "gd": "gradient descent",
    "griewank": "Griewank",
    "hadamard": "Hadamard",
    "himmelblau": "Himmelblau",
    "hessian_vector": "Hessian-vector",
    "huber": "Huber",
    "jacobian_modes": "Jacobian modes",
    "kernel_smoothed": "kernel-smoothed",
    "lbfgs": "L-BFGS",
    "lbfgs_differences": "L-BFGS, differences",
    "least_squares": "least squares",
    "leave_one_out": "leave-one-out",
    "levy": "Lévy",
    "log_uniform": "log-uniform",
    "logistic_regression": "logistic regression",
    "low_precision": "low precision",
    "jit": "JIT",
    "mds": "MDS",
    "meazo": "MEAZO",
    "median_slope": "median slopes",
    "mds_lecture": "MDS in the lecture",
    "mds_methods": "MDS, methods",
    "mds_pca": "MDS and PCA",
    "mds_shapes": "MDS, shapes",
    "mlp": "MLP",
    "more_wild": "Moré–Wild",
    "nelder_mead": "Nelder–Mead",
    "nesterov": "Nesterov",
    "newton_example": "Newton's example",
    "normalised_signs": "FZOO",
    "one_large": "one large",
    "one_plus_one": "(1+1)-ES",
    "one_point": "one-point",
    "powell": "Powell",
    "r_adazo": "R-AdaZO",
    "rastrigin": "Rastrigin",
    "residual_one_point": "residual one-point",
    "rosenbrock": "Rosenbrock",
    "saw_tooth": "saw tooth",
    "schwefel": "Schwefel",
    "sgd": "gradient descent",
    "sign_sgd": "sign descent",
    "spsa": "SPSA",
    "sstress": "s-stress",
    "tanh_network": "tanh network",
    "three_point": "three points",
    "two_level": "two-level",
    "two_point": "two-point",
    "usa": "USA",
    "styblinski_tang": "Styblinski–Tang",
    "welsch": "Welsch",
    "zakharov": "Zakharov",
    "zo_adamm": "ZO-AdaMM",
    "wide_logistic_regression": "wide logistic regression",
}  # those whose words people write otherwise; an underscore elsewhere is a space; ALONE: where they are no English word
ALONE = {"deep": "deep network", "tails": "flat tails", "decaying": "decaying steps", "fourth": "fourth order"}
WORD = re.compile(r"(?<![\w./\\])[A-Za-z_][A-Za-z0-9_]*(?![\w/]|\.\w)")
POWER = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)e([+-]?\d+)(?![\w.])")
MATHS = re.compile(r"(\$[^$]*\$)")
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def title(text: str) -> str:
    """A text with the names of code in it as people write them: "quadratic two_level" is "quadratic two-level".

    Numbers such as 2.5e-05 become 2.5·10⁻⁵. What stands between dollars, paths and names with dots are left alone.
    """
    if text in ALONE:
        return ALONE[text]
    parts = MATHS.split(text)
    return "".join(part if i % 2 else POWER.sub(_power, WORD.sub(_name, part)) for i, part in enumerate(parts))


def _name(found: re.Match) -> str:
    return NAMES.get(found[0]) or found[0].replace("_", " ").strip() or found[0]


def _power(found: re.Match) -> str:
    raised = f"10{str(int(found[2])).translate(RAISED)}"
    return raised if float(found[1]) == 1 else f"{found[1]}·{raised}"


def plain(value: float, digits: int = 3) -> str:
    """A number as people write it: 0.05, 1,200, 10⁻⁹, 2.5·10⁻⁵."""
    if value and not 1e-3 <= abs(value) < 1e6:
        return title(f"{value:.{digits}g}").replace("-", "−")
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.{digits}g}".replace("-", "−")
