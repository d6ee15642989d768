"""jax as the command starts it, in float64 unless a test asks for float32; which tests are the smoke test.

`pytest` runs each test function that is not slow, with the first and the last of its parameter sets; `pytest --all`
runs everything, and so does naming a test by its node id.
"""

from zobench.__main__ import prepare_jax

prepare_jax()

import jax  # noqa: E402  reads what has been prepared

jax.config.update("jax_enable_x64", True)


def pytest_addoption(parser):
    parser.addoption("--all", action="store_true", help="slow tests and all parameter sets too")


def pytest_collection_modifyitems(config, items):
    if config.getoption("all") or any("::" in argument for argument in config.args):
        return
    sets = {}
    for item in items:
        sets.setdefault((item.path, item.parent.name, getattr(item, "originalname", item.name)), []).append(item)
    smoke = {id(item) for same in sets.values() for item in (same[0], same[-1]) if not item.get_closest_marker("slow")}
    config.hook.pytest_deselected(items=[item for item in items if id(item) not in smoke])
    items[:] = [item for item in items if id(item) in smoke]
