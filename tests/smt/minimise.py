"""The smallest policy that still shows something: statements, conditions, values and elements go, one at a time."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

Policy = dict[str, Any]
PLAIN = {"Principal": "*", "Action": "*", "Resource": "*"}


def minimised(policy: Policy, shows: Callable[[Policy], bool]) -> Policy:
    """Return a policy from which nothing more can go; `shows` must hold of the one given."""
    while (smaller := next((each for each in _smaller(policy) if shows(each)), None)) is not None:
        policy = smaller
    return policy


def _smaller(policy: Policy) -> Iterator[Policy]:
    written = policy["Statement"]
    statements = written if isinstance(written, list) else [written]
    for index in range(len(statements)):
        yield {**policy, "Statement": statements[:index] + statements[index + 1 :]}
    for index, statement in enumerate(statements):
        for less in _less(statement):
            yield {**policy, "Statement": [*statements[:index], less, *statements[index + 1 :]]}


def _less(statement: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operator, block in statement.get("Condition", {}).items():
        for key, values in block.items():
            yield _without(statement, operator, key)
            several = values if isinstance(values, list) else []
            for index in range(len(several) if len(several) > 1 else 0):
                less = copy.deepcopy(statement)
                del less["Condition"][operator][key][index]
                yield less
    for name, plain in PLAIN.items():
        if f"Not{name}" not in statement and statement.get(name) != plain:
            yield {**statement, name: plain}
        for form in (name, f"Not{name}"):
            values = statement.get(form)
            if isinstance(values, list) and len(values) > 1:
                for index in range(len(values)):
                    yield {**statement, form: values[:index] + values[index + 1 :]}


def _without(statement: dict[str, Any], operator: str, key: str) -> dict[str, Any]:
    less = copy.deepcopy(statement)
    del less["Condition"][operator][key]
    if not less["Condition"][operator]:
        del less["Condition"][operator]
    return less
