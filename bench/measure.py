"""Times as multiples of a loop of plain Python that runs beside what is measured, so that machines can be compared."""

import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any


def loop() -> int:
    """Some milliseconds of integers, texts and dictionaries."""
    counts: dict[str, int] = {}
    for index in range(20_000):
        name = f"k{index % 97}"
        counts[name] = counts.get(name, 0) + index % 7
    return sum(counts.values())


def seconds(run: Callable[[], Any]) -> float:
    """Processor time of one run."""
    started = time.process_time()
    run()
    return time.process_time() - started


def multiples(run: Callable[[], Any], package: str, times: int = 3) -> float:
    """The least of some runs, each as if the policy were seen for the first time, beside a loop of its own."""
    found = []
    for _ in range(times):
        forget(package)
        spent = seconds(run)
        found.append(spent / min(seconds(loop) for _ in range(3)))
    return min(found)


def forget(package: str) -> None:
    """Empty the bounded caches of a package's modules, or of a folder's: they hold what was learned of a policy.

    Unbounded ones hold the action catalogue and the like, which a process reads once.
    """
    for module in list(sys.modules.values()):
        place = getattr(module, "__file__", None) or ""
        if not (
            getattr(module, "__name__", "").startswith(package)
            or (package.startswith("/") and place.startswith(package))
        ):
            continue
        for value in list(vars(module).values()):
            bound = getattr(value, "cache_parameters", dict)().get("maxsize")
            if bound is not None:
                value.cache_clear()


def spread(values: list[float]) -> str:
    """Median, 99th percentile and greatest."""
    ordered = sorted(values)
    return f"{median(ordered):6.2f} {ordered[int(0.99 * (len(ordered) - 1))]:7.2f} {ordered[-1]:7.2f}"
