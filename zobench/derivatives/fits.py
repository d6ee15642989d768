"""Whether a size fits the memory of this machine, asked before anything of that size is made."""

import os
from math import ceil, inf
from pathlib import Path

MEMINFO = Path("/proc/meminfo")
GROUP = Path("/sys/fs/cgroup")  # of a container: its own limit may be below the machine's memory


def require(bytes: float, what: str, way_out: str = "give a smaller one") -> None:
    """Pass where `bytes` are there, else ValueError "<what> needs <bytes> bytes, there are <those>; <way out>".

    `what` begins with the argument that is too large, as in require(8 * n**2, f"size={n}: the whole Hessian"); count
    the peak, all arrays that live at once. Where the memory cannot be found out, everything passes.
    """
    there = available()
    if bytes > there:
        raise ValueError(f"{what} needs {ceil(bytes):,} bytes, there are {int(there):,}; {way_out}")


def available() -> float:
    """Bytes that a process can still get: of the machine, or of its control group where that has less; inf: unknown."""
    return min(_machine(), _group())


def _machine() -> float:
    if MEMINFO.is_file():
        lines = dict(line.split(":", 1) for line in MEMINFO.read_text().splitlines() if ":" in line)
        if "MemAvailable" in lines:
            return 1024.0 * int(lines["MemAvailable"].split()[0])
    try:
        return float(
            os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        )  # all there is: macOS counts no free ones
    except (AttributeError, OSError, ValueError):
        return inf


def _group() -> float:
    """The limit of the control group less what it holds (version 2); inf where there is none."""
    try:
        limit, used = ((GROUP / f"memory.{name}").read_text().strip() for name in ("max", "current"))
        return inf if limit == "max" else max(0.0, float(limit) - float(used))
    except OSError:
        return inf
