"""BBOB: the values are those of COCO's definition, f* is where the suite says, and runs are black boxes."""

import pickle

import jax.numpy as jnp
import numpy as np
import pytest

import zobench as zo
from zobench.problems.coco import Function, bbob

pytest.importorskip("ioh")


def test_the_sphere_is_the_distance_to_its_optimum_and_every_function_has_one():
    problem, function = bbob(1, dim=4, instance=3), Function(1, 3, 4)
    optimum = np.array(function.problem.optimum.x)
    x = np.array([0.5, -1.0, 2.0, 0.0])
    assert float(problem.f(jnp.asarray(x))) == pytest.approx(np.sum((x - optimum) ** 2) + problem.f_star, rel=1e-12)
    for number in range(1, 25):
        one = Function(number, 2, 3)
        assert one(np.array(one.problem.optimum.x)) == pytest.approx(one.problem.optimum.y, abs=1e-6)
        assert bbob(number, dim=3, instance=2).f_star < one(np.zeros(3))
    assert bbob(1, instance=1).f_star != bbob(1, instance=2).f_star
    assert np.abs(bbob(start=3).x0).max() <= 4 and (bbob(start=3).x0 != bbob(start=4).x0).all()
    assert pickle.loads(pickle.dumps(function))(x) == function(x)


def test_a_run_stops_at_a_target_of_the_suite_and_what_is_not_there_is_refused():
    result = zo.run(bbob(dim=3), zo.cma(), seeds=1, relative_to="unit", target=1e-8, calls=3000)
    assert (result.outcomes == "reached").all()
    for wrong, said in (
        ({"function": 25}, "there are 1 to 24"),
        ({"dim": 1}, "from 2 on"),
        ({"instance": 0}, "from 1"),
    ):
        with pytest.raises(ValueError, match=said):
            bbob(**wrong)
