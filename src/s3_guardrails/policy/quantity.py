"""Numbers, times and addresses for the prover: one comparison, and the points that tell values apart.

Written apart from `condition`, so that a counterexample is checked by code that shares nothing with the search.
"""

from __future__ import annotations

import contextlib
import ipaddress
import itertools
import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from s3_guardrails.policy.operator import DATES, NUMBERS, Comparison

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def compare(comparison: Comparison, value: str, wanted: str) -> bool:
    """Compare one value of a request with one value of a policy; what cannot be read never compares."""
    if comparison is Comparison.ADDRESS:
        network = _network(wanted)
        with contextlib.suppress(ValueError):
            return network is not None and ipaddress.ip_address(value) in network
        return False
    read = number if comparison in NUMBERS else moment
    left, right = read(value), read(wanted)
    if left is None or right is None:
        return False
    match comparison.name.partition("_")[2]:
        case "EQUAL":
            return left == right
        case "LESS" | "BEFORE":
            return left < right
        case "AT_MOST" | "AT_LATEST":
            return left <= right
        case "GREATER" | "AFTER":
            return left > right
    return left >= right


def number(text: str) -> float | None:
    """Read a number."""
    with contextlib.suppress(ValueError):
        return float(text)
    return None


def moment(text: str) -> float | None:
    """Read a time as epoch seconds: ISO 8601, epoch seconds, or epoch milliseconds where the number is that large."""
    found = number(text)
    if len(text) == len("2026-11") and text[4] == "-":
        text += "-01"
    if found is not None:
        return found / 1000 if found > 1e11 else found
    with contextlib.suppress(ValueError):
        read = datetime.fromisoformat(text)
        return (read.replace(tzinfo=UTC) if read.tzinfo is None else read).timestamp()
    return None


def number_points(comparison: Comparison, values: Iterable[str]) -> Iterator[float]:
    """Yield the thresholds that a condition compares with."""
    read = moment if comparison in DATES else number
    yield from (found for each in values if (found := read(each)) is not None)


def between(points: Iterable[float], least: float | None) -> list[float]:
    """Return one number for every side of and place between some thresholds, none below `least`."""
    ordered = sorted({*points, *(() if least is None else (least,))})
    found = [1.0] if least is None else [least + 1]
    found += [each for low in ordered[:1] for each in (low - 1, low)]
    for low, high in itertools.pairwise(ordered):
        found += [(low + high) / 2, high]
    found += [high + 1 for high in ordered[-1:]]
    return [each for each in found if least is None or each >= least]


def whole(points: Iterable[float], least: float) -> list[float]:
    """Return a whole number for every region that some thresholds cut the numbers from `least` on into."""
    found = {least, least + 1}
    for each in points:
        found |= {math.ceil(each) - 1, math.floor(each), math.ceil(each), math.floor(each) + 1}
    return sorted(each for each in found if each >= least)


def address_points(values: Iterable[str]) -> Iterator[str]:
    """Yield addresses in and just outside of every range, and one of each family that is in none."""
    yield from ("203.0.113.77", "2001:db8::77")
    for network in [found for each in values if (found := _network(each)) is not None]:
        low, high = int(network.network_address), int(network.broadcast_address)
        kind = type(network.network_address)
        for each in (low, low - 1, high, high + 1):
            if 0 <= each < 1 << network.max_prefixlen:
                yield str(kind(each))


def _network(text: str) -> Network | None:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_network(text, strict=False)
    return None
