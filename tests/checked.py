"""What the tests of the checks share."""

from pathlib import Path

import jax
import pytest

from zobench import build, compose
from zobench import check_estimator as module

ROOT = Path(__file__).parent.parent


def failures(verdicts):
    return {verdict.property for verdict in verdicts if verdict.verdict == "fails"}


def of(verdicts, name):
    return next(verdict for verdict in verdicts if verdict.property == name)


def built_in(group):
    return sorted(path.stem for path in (ROOT / "conf" / group).glob("*.yaml"))


def make(group, name, **small):
    with compose.session():
        values = build.numeric(compose.single(compose.parse([f"{group}={name}"])))[group]
    inner = values.get("problem", values)  # that of a wrapper
    inner.update({key: value for key, value in small.items() if key in inner})
    return build.make(group, values)


@pytest.fixture(autouse=True)
def compiled_in_haste():
    """Most of the time goes into compiling what is run once."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture
def quick(monkeypatch):
    """What one may leave out: n = 50, and most of the samples."""
    monkeypatch.setattr(module, "DIMENSIONS", (2, 10))
    monkeypatch.setattr(module, "SAMPLES", 5_000)
