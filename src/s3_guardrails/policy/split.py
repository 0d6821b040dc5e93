"""Decide whether requests exist that some statements do not apply to and others do.

Each statement that must not apply needs one false literal; one that must apply needs all of its literals true. The
choices meet in the dimensions of the space, whose satisfiability is decided exactly, so the case split is a search over
choices with constraints per group of dimensions. Several requests of one caller share the group of callers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from s3_guardrails.policy.demand import Literal, Value
from s3_guardrails.policy.search import Budget, Exhausted
from s3_guardrails.policy.space import SESSION_KEYS, Alternative, Group, Space
from s3_guardrails.policy.value import Demand, some, value_in

NODE: Final = 300
"""Work of one choice, in the units of the budget."""

Demands = frozenset[Demand]
Slot = tuple[str, int]
"""A dimension, and which of several requests it belongs to (-1: all of them)."""


class Chosen(NamedTuple):
    """One alternative of a group, with a value for every dimension that was constrained."""

    alternative: Alternative
    values: dict[Slot, Value]


class Item(NamedTuple):
    """One choice to make: options, each a set of demands on groups."""

    options: tuple[tuple[tuple[int, Demand], ...], ...]


class Ask(NamedTuple):
    """One request that must exist, with statements as their literals.

    `space`: where it is. `escaped`: statements that must not apply. `applied`: groups of statements, of each of which
    one must apply. `pins` must hold whatever else is chosen.
    """

    space: Space
    escaped: tuple[tuple[Literal, ...], ...]
    applied: tuple[tuple[tuple[Literal, ...], ...], ...] = ()
    pins: tuple[Literal, ...] = ()


class Split:
    """The search over one or several requests of one caller."""

    def __init__(self, asks: Sequence[Ask]) -> None:
        """Lay the groups out: the shared callers, then the other groups of each request."""
        self.groups: list[Group] = [asks[0].space.groups[0]]
        self._copy: dict[Literal, int] = {}
        self._order: dict[Demand, int] = {}
        self._items: list[Item] = []
        self._homes: list[dict[str, int]] = []
        for copy, ask in enumerate(asks):
            first = len(self.groups)
            self.groups += ask.space.groups[1:]
            self._homes.append(_homes(ask.space, first))
            self._add(copy, ask)
        self._exhausted: Exhausted | None = None
        self._budget = Budget()
        self._cache: dict[tuple[int, Demands], Chosen | None] = {}
        self._slots: dict[tuple[object, ...], tuple[Value] | None] = {}

    def _add(self, copy: int, ask: Ask) -> None:
        for pin in ask.pins:
            self._items.append(Item(((self._demand(copy, pin, True),),)))
        for group in ask.applied:
            options = tuple(tuple(self._demand(copy, each, True) for each in statement) for statement in group)
            self._items.append(Item(options))
        for statement in ask.escaped:
            self._items.append(Item(tuple((self._demand(copy, each, False),) for each in statement)))

    def _demand(self, copy: int, literal: Literal, wanted: bool) -> tuple[int, Demand]:
        self._copy[literal] = copy
        self._order.setdefault((literal, wanted), len(self._order))
        return self._home(copy, literal), (literal, wanted)

    def _home(self, copy: int, literal: Literal) -> int:
        return 0 if literal.key == "@principal" else self._homes[copy].get(literal.key, 0)

    def solve(self) -> tuple[Chosen, ...] | None:
        """Return an alternative with values for every group, or None; raise Exhausted when a bound was met."""
        if not all(group.alternatives for group in self.groups):
            return None
        items = self._possible()
        found = None if items is None else self._search(items)
        if found is None and self._exhausted is not None:
            raise self._exhausted
        return found

    def _possible(self) -> list[Item] | None:
        """Drop options that fail on their own, and put the choices with the fewest options first."""
        kept = []
        for item in self._items:
            options = tuple(each for each in item.options if self._tried(self._nothing(), each) is not None)
            if not options:
                return None
            kept.append(Item(options))
        return sorted(kept, key=lambda item: (len(item.options), sum(map(self._breadth, item.options))))

    def _breadth(self, option: tuple[tuple[int, Demand], ...]) -> int:
        return sum(len(self.groups[group].alternatives) for group, _ in option)

    def _nothing(self) -> tuple[Demands, ...]:
        return tuple(frozenset() for _ in self.groups)

    def _search(self, items: list[Item]) -> tuple[Chosen, ...] | None:
        """Look for a choice; only a statement that the values found so far do not satisfy is branched on."""
        forced = [demand for item in items if len(item.options) == 1 for demand in item.options[0]]
        items = [item for item in items if len(item.options) > 1]
        first = self._tried(self._nothing(), tuple(forced))
        stack = [] if first is None else [first]
        seen: set[tuple[Demands, ...]] = set()
        while stack:
            demands = stack.pop()
            if demands in seen:
                continue
            seen.add(demands)
            self._budget.spend(NODE)
            chosen = tuple(self._chosen(group, each) for group, each in enumerate(demands))
            open_item = next((item for item in items if not self._settled(item, chosen)), None)
            if open_item is None:
                return chosen
            extended = (self._tried(demands, option) for option in reversed(open_item.options))
            stack += [each for each in extended if each is not None]
        return None

    def _settled(self, item: Item, chosen: tuple[Chosen, ...]) -> bool:
        """Do the chosen values meet one of the options?"""
        return any(all(self._met(chosen[group], demand) for group, demand in option) for option in item.options)

    def _tried(
        self, demands: tuple[Demands, ...], option: tuple[tuple[int, Demand], ...]
    ) -> tuple[Demands, ...] | None:
        """Extend, remembering that an option was given up: without a solution, nothing is then known."""
        try:
            return self._extend(demands, option)
        except Exhausted as error:
            self._exhausted = error
            return None

    def _met(self, chosen: Chosen, demand: Demand) -> bool:
        literal, wanted = demand
        slot = self._slot(literal, chosen.alternative)
        if slot in chosen.values:
            value = chosen.values[slot]
        else:
            value = None if slot[0] == "@principal" else some(chosen.alternative.domains[slot[0]])
        return literal.can_be(wanted, value, chosen.alternative.caller)

    def _extend(
        self, demands: tuple[Demands, ...], option: tuple[tuple[int, Demand], ...]
    ) -> tuple[Demands, ...] | None:
        extended = list(demands)
        for group, demand in option:
            extended[group] = extended[group] | {demand}
        touched = {group for group, _ in option}
        if all(self._satisfy(group, extended[group]) is not None for group in touched):
            return tuple(extended)
        return None

    def _chosen(self, group: int, demands: Demands) -> Chosen:
        """Return the choice for demands that are known to be satisfiable."""
        chosen = self._satisfy(group, demands)
        if chosen is None:
            raise AssertionError(demands)
        return chosen

    def _satisfy(self, group: int, demands: Demands) -> Chosen | None:
        key = (group, demands)
        if key not in self._cache:
            self._cache[key] = self._first(self.groups[group], demands)
        return self._cache[key]

    def _first(self, group: Group, demands: Demands) -> Chosen | None:
        exhausted = None
        for alternative in group.alternatives:
            try:
                values = self._values(alternative, demands)
            except Exhausted as error:
                exhausted = error
                continue
            if values is not None:
                return Chosen(alternative, values)
        if exhausted:
            raise exhausted
        return None

    def _slot(self, literal: Literal, alternative: Alternative) -> Slot:
        dimension = literal.dimension(alternative.caller)
        return dimension, self._copy[literal] if dimension in SESSION_KEYS else -1

    def _values(self, alternative: Alternative, demands: Demands) -> dict[Slot, Value] | None:
        by_slot: dict[Slot, list[Demand]] = {}
        for demand in sorted(demands, key=self._order.__getitem__):
            by_slot.setdefault(self._slot(demand[0], alternative), []).append(demand)
        values: dict[Slot, Value] = {}
        for slot, each in by_slot.items():
            found = self._value(slot[0], alternative, each)
            if found is None:
                return None
            values[slot] = found[0]
        return values

    def _value(self, dimension: str, alternative: Alternative, demands: list[Demand]) -> tuple[Value] | None:
        if dimension == "@principal":
            met = all(literal.can_be(wanted, None, alternative.caller) for literal, wanted in demands)
            return (None,) if met else None
        domain, caller = alternative.domains[dimension], alternative.caller
        key = (dimension, domain, caller if dimension.startswith("@") else None, tuple(demands))
        if key not in self._slots:
            self._slots[key] = value_in(domain, caller, demands, self._budget)
        return self._slots[key]


def _homes(space: Space, first: int) -> dict[str, int]:
    """Return each dimension's group; the groups after the callers begin at `first`."""
    return {
        dimension: first + index
        for index, group in enumerate(space.groups[1:])
        for each in group.alternatives[:1]
        for dimension in each.domains
    }
