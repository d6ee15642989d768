"""Which accelerator jax will compute on, told without jax: by what is installed for it, and the devices of the system.

A guess: who knows better says JAX_PLATFORMS. What a record was made on stands in it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from glob import glob
from importlib.util import find_spec
from typing import NamedTuple

_is_unseen: ContextVar[bool] = ContextVar("is_unseen", default=False)


class Kind(NamedTuple):
    """An accelerator: its name in JAX_PLATFORMS, jax's plugin for it, its devices, and the variable that hides some."""

    name: str
    plugin: str
    devices: str
    visible: str


KINDS = (
    Kind("cuda", "xla_cuda", "/dev/nvidia[0-9]*", "CUDA_VISIBLE_DEVICES"),
    Kind("rocm", "xla_rocm", "/dev/dri/renderD*", "ROCR_VISIBLE_DEVICES"),
)


class Cards(NamedTuple):
    """The accelerator that jax takes, and the cards of it that it sees; "" and none where it computes on the CPU."""

    kind: str = ""
    visible: tuple[str, ...] = ()
    variable: str = ""


def cards() -> Cards:
    """What jax will find in this process, and in those that it starts."""
    if _is_unseen.get():
        return Cards()
    said = (os.environ.get("JAX_PLATFORMS") or os.environ.get("JAX_PLATFORM_NAME") or "").partition(",")[0]
    for kind in KINDS:
        if said not in ("", kind.name, "gpu") or not (_has(kind.plugin) and glob(kind.devices)):
            continue
        hidden = os.environ.get(kind.visible)
        every = [str(i) for i in range(len(glob(kind.devices)))]
        seen = every if hidden is None else [card for card in hidden.split(",") if card not in ("", "-1", "NoDevFiles")]
        if seen:
            return Cards(kind.name, tuple(seen), kind.visible)
    return Cards()


@contextmanager
def unseen() -> Iterator[None]:
    """As if there were none, as where a sweep is planned whose workers have one."""
    token = _is_unseen.set(True)
    try:
        yield
    finally:
        _is_unseen.reset(token)


@cache
def _has(plugin: str) -> bool:
    """Whether jax has a plugin of that name, whatever its version."""
    spec = find_spec("jax_plugins")
    places = spec.submodule_search_locations if spec else None
    return any(name.startswith(plugin) for place in places or () if os.path.isdir(place) for name in os.listdir(place))
