"""What does not fit is refused with the bytes needed and there."""

import re
from math import inf

import pytest

from zobench.derivatives import fits


def test_what_fits_passes_and_what_does_not_is_refused_with_both_sizes(monkeypatch):
    monkeypatch.setattr(fits, "available", lambda: 4096.0)
    fits.require(4096, "size=1: a page")
    message = "size=2: two pages needs 4,097 bytes, there are 4,096; give a smaller one"
    with pytest.raises(ValueError, match=re.escape(message)):
        fits.require(4096.5, "size=2: two pages")
    with pytest.raises(ValueError, match=r"give depth=3$"):
        fits.require(1e30, "depth=9: it", "give depth=3")


def test_the_least_of_machine_and_group_counts(tmp_path, monkeypatch):
    info = tmp_path / "meminfo"
    info.write_text("MemTotal: 100 kB\nMemAvailable:  60 kB\n")
    monkeypatch.setattr(fits, "MEMINFO", info)
    monkeypatch.setattr(fits, "GROUP", tmp_path)
    assert fits.available() == 60 * 1024
    (tmp_path / "memory.current").write_text("1000\n")
    for limit, there in (("max", 60 * 1024), ("3000", 2000), ("500", 0)):
        (tmp_path / "memory.max").write_text(limit + "\n")
        assert fits.available() == there


def test_this_machine_has_some_memory():
    assert 2**20 < fits.available() <= inf
    with pytest.raises(ValueError, match="needs"):
        fits.require(1e18, "size=1e9: nothing")
