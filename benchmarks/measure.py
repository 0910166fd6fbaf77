"""How two functions are compared: interleaved repetitions in one process, the same number, peak memory."""

from __future__ import annotations

import gc
import os
import platform
import statistics
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from typing import Any

import numpy as np

PACKAGES = ("numpy", "pandas", "scipy", "pingouin", "krippendorff", "statsmodels", "pyarrow", "papermill", "typst")
SHORTEST_SAMPLE = 0.02  # seconds; a quicker call is repeated inside one sample


class DisagreementError(Exception):
    """Both sides were timed on a task, and their numbers differ."""


@dataclass(frozen=True)
class Case:
    """One task done by us and by a peer.

    Parameters
    ----------
    name, size, peer_name : str
        What is computed, on how much, and by whom else.
    ours, peer : callable
        Do the whole task and return the numbers that must agree.
    tolerance : float or callable
        Largest absolute difference, or a function of both results that says whether they agree.
    remark : str
        What one side does beyond the other.
    """

    name: str
    size: str
    peer_name: str
    ours: Callable[[], Any]
    peer: Callable[[], Any]
    tolerance: float | Callable[[Any, Any], bool] = 1e-9
    remark: str = ""


@dataclass(frozen=True)
class Comparison:
    """What was measured; a ratio is the peer's share divided by ours, so above 1 we need less."""

    name: str
    size: str
    peer_name: str
    seconds: float
    peer_seconds: float
    ratio: float
    ratio_low: float
    ratio_high: float
    memory_ratio: float
    repetitions: int
    remark: str


def agree(case: Case) -> None:
    """Compute the task on both sides and refuse to go on when the numbers differ."""
    ours, peer = case.ours(), case.peer()
    if callable(case.tolerance):
        same = case.tolerance(ours, peer)
    else:
        same = bool(np.allclose(ours, peer, rtol=0, atol=case.tolerance))
    if not same:
        raise DisagreementError(f"{case.name}, {case.size}: {ours!r} here, {peer!r} by {case.peer_name}")


def compare(case: Case, repetitions: int) -> Comparison:
    """Check that both sides agree, then time them in turn and measure their peak memory."""
    agree(case)
    inner_ours, inner_peer = calls_per_sample(case.ours), calls_per_sample(case.peer)
    ours, peer = [], []
    for number in range(repetitions):
        sides = [(case.ours, inner_ours, ours), (case.peer, inner_peer, peer)]
        for function, calls, times in sides if number % 2 == 0 else sides[::-1]:
            times.append(sample(function, calls))
    ratios = [theirs / mine for mine, theirs in zip(ours, peer, strict=True)]
    memory = peak_memory(case.peer) / max(peak_memory(case.ours), 1)
    return Comparison(
        case.name, case.size, case.peer_name, statistics.median(ours), statistics.median(peer),
        statistics.median(ratios), min(ratios), max(ratios), memory, repetitions, case.remark,
    )  # fmt: skip


def calls_per_sample(function: Callable[[], Any]) -> int:
    """Return how many calls one sample is made of: as many as take `SHORTEST_SAMPLE` seconds."""
    took = sample(function, 1)
    return max(1, min(10_000, round(SHORTEST_SAMPLE / max(took, 1e-9))))


def sample(function: Callable[[], Any], calls: int) -> float:
    """Return seconds per call, garbage collection held back as `timeit` does."""
    gc.collect()
    gc.disable()
    try:
        began = time.perf_counter()
        for _ in range(calls):
            function()
        return (time.perf_counter() - began) / calls
    finally:
        gc.enable()


def peak_memory(function: Callable[[], Any]) -> int:
    """Return the bytes that one call allocates at most, Python objects and numpy arrays."""
    gc.collect()
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def peak_resident() -> int:
    """Return the largest resident memory of this process so far, in bytes."""
    import sys

    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak) if sys.platform == "darwin" else int(peak) * 1024


def machine() -> dict[str, str]:
    """Return what the numbers depend on; nothing that names the machine."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    facts = {
        "date": date.today().isoformat(),
        "system": f"{platform.system()}, {platform.machine()}, {cores} cores",
        "Python": platform.python_version(),
        "ktss": version("ktss-analysis"),
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
    }
    if hasattr(os, "getloadavg"):
        facts["load at the start (1, 5, 15 minutes)"] = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    return facts
