"""Three-valued truth (Kleene): True, False, and None for "cannot be known".

A part of a policy that this package does not understand is neither true nor false; whatever does not depend on it is
still decided.
"""

from __future__ import annotations

from collections.abc import Iterable

Truth = bool | None


def all_of(truths: Iterable[Truth]) -> Truth:
    """Conjunction: one False decides, then one unknown."""
    result: Truth = True
    for truth in truths:
        if truth is False:
            return False
        if truth is None:
            result = None
    return result


def any_of(truths: Iterable[Truth]) -> Truth:
    """Disjunction: one True decides, then one unknown."""
    result: Truth = False
    for truth in truths:
        if truth:
            return True
        if truth is None:
            result = None
    return result


def opposite(truth: Truth) -> Truth:
    """Negation: the unknown stays unknown."""
    return None if truth is None else not truth
