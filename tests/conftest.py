"""jax as the command starts it, in float64 unless a test asks for float32; which tests are the smoke test.

`pytest` runs each test function that is not slow, with the first of its parameter sets, and of the experiments those
marked smoke; `pytest --all` runs everything, and so does naming a test by its node id.
"""

import os

from zobench.surroundings import prepare_jax

prepare_jax()
os.environ.setdefault("ZOBENCH_ISOLATE", "0")  # cells run here, where tests can look in; test_supervise has them apart

import jax  # noqa: E402  reads what has been prepared

jax.config.update("jax_enable_x64", True)


def pytest_addoption(parser):
    parser.addoption("--all", action="store_true", help="slow tests and all parameter sets too")


def pytest_collection_modifyitems(config, items):
    if config.getoption("all") or any("::" in argument for argument in config.args):
        return
    seen, kept, left_out = set(), [], []
    for item in items:
        function = (item.path, getattr(item, "originalname", item.name))
        is_slow = item.get_closest_marker("slow") or item.path.parent.name == "experiments"
        is_smoke = item.get_closest_marker("smoke") or not (is_slow or function in seen)
        (kept if is_smoke else left_out).append(item)
        seen.add(function)
    config.hook.pytest_deselected(items=left_out)
    items[:] = kept
