"""One change to a policy: a half split off exactly, or one thing that is off."""

import copy
from random import Random
from typing import Any

from smt.values import KEYS, PRINCIPALS, RESOURCES, actions_like, condition, neighbours, values_of

Statement = dict[str, Any]
COMPLEMENTS = (
    ("StringEquals", "StringNotEquals"),
    ("StringLike", "StringNotLike"),
    ("ArnLike", "ArnNotLike"),
    ("IpAddress", "NotIpAddress"),
    ("NumericLessThan", "NumericGreaterThanEqualsIfExists"),
    ("DateLessThan", "DateGreaterThanEquals"),
    ("ForAnyValue:StringEquals", "ForAllValues:StringNotEquals"),
)
FITTING = {
    "StringEquals": "text",
    "StringLike": "text",
    "ArnLike": "arn",
    "IpAddress": "address",
    "NumericLessThan": "number",
    "DateLessThan": "time",
    "ForAnyValue:StringEquals": "list",
}


def bend(random: Random, service: str, statements: list[Statement]) -> list[Statement]:
    """Return the statements with one change."""
    copies = copy.deepcopy(statements)
    if not copies:
        return copies
    index = random.randrange(len(copies))
    change = random.choices(tuple(_BENDS), tuple(_BENDS.values()))[0]
    copies[index : index + 1] = change(random, service, copies[index])
    return copies


def _with(statement: Statement, operator: str, key: str, values: Any) -> Statement:
    changed = copy.deepcopy(statement)
    changed.setdefault("Condition", {}).setdefault(operator, {})[key] = values
    return changed


def split_condition(random: Random, service: str, statement: Statement) -> list[Statement]:
    operator, other = random.choice(COMPLEMENTS)
    key = random.choice(KEYS[service][FITTING[operator]])
    values = values_of(random, key, operator)
    return [_with(statement, operator, key, values), _with(statement, other, key, values)]


def split_null(random: Random, service: str, statement: Statement) -> list[Statement]:
    key = random.choice([each for keys in KEYS[service].values() for each in keys])
    return [_with(statement, "Null", key, "true"), _with(statement, "Null", key, "false")]


def split_flag(random: Random, service: str, statement: Statement) -> list[Statement]:
    key = random.choice(KEYS[service]["boolean"])
    return [_with(statement, "Bool", key, "true"), _with(statement, "BoolIfExists", key, "false")]


def split_element(random: Random, service: str, statement: Statement) -> list[Statement]:
    """Split on an element and its Not form."""
    name = random.choice(("Action", "Resource", "Principal"))
    if name not in statement:
        return [statement]
    pool = {"Action": actions_like(service), "Resource": RESOURCES[service], "Principal": PRINCIPALS[service]}[name]
    value, rest = random.choice(pool), {key: part for key, part in statement.items() if key != name}
    return [{**rest, name: value}, {**rest, f"Not{name}": value}]


def change_operator(random: Random, service: str, statement: Statement) -> list[Statement]:
    lines = [(operator, key) for operator, block in statement.get("Condition", {}).items() for key in block]
    if not lines:
        return [statement]
    operator, key = random.choice(lines)
    values = statement["Condition"][operator].pop(key)
    return [_with(statement, neighbours(random, operator), key, values)]


def change_values(random: Random, service: str, statement: Statement) -> list[Statement]:
    lines = [(operator, key) for operator, block in statement.get("Condition", {}).items() for key in block]
    if not lines:
        return [statement]
    operator, key = random.choice(lines)
    block = statement["Condition"][operator]
    match random.randrange(4):
        case 0:
            block[key] = values_of(random, key, operator)
        case 1:
            block[key] = [*_several(block[key]), *_several(values_of(random, key, operator))]
        case 2:
            block[key] = _several(block[key])[1:] or _several(block[key])
        case 3:
            block[random.choice((key.upper(), key.lower(), key.swapcase()))] = block.pop(key)
    return [statement]


def _several(values: Any) -> list[Any]:
    return values if isinstance(values, list) else [values]


def add_condition(random: Random, service: str, statement: Statement) -> list[Statement]:
    return [_with(statement, *condition(random, service))]


def drop_condition(random: Random, service: str, statement: Statement) -> list[Statement]:
    conditions = statement.get("Condition", {})
    if conditions:
        conditions.pop(random.choice(sorted(conditions)))
    return [statement]


def change_element(random: Random, service: str, statement: Statement) -> list[Statement]:
    name = random.choice(("Action", "Resource", "Principal"))
    pool = {"Action": actions_like(service), "Resource": RESOURCES[service], "Principal": PRINCIPALS[service]}[name]
    written = name if name in statement else f"Not{name}"
    if random.random() < 0.25:
        statement.pop(written)
        written = f"Not{name}" if written == name else name
    statement[written] = random.choice(pool)
    return [statement]


def add_statement(random: Random, service: str, statement: Statement) -> list[Statement]:
    effect = random.choice(("Deny", "Deny", "Allow"))
    other = {
        "Effect": effect,
        "Principal": random.choice(PRINCIPALS[service]),
        "Action": random.choice(actions_like(service)),
        "Resource": random.choice(RESOURCES[service]),
    }
    if random.random() < 0.7:
        other = _with(other, *condition(random, service))
    return [statement, other]


def flip(random: Random, service: str, statement: Statement) -> list[Statement]:
    statement["Effect"] = "Deny" if statement["Effect"] == "Allow" else "Allow"
    return [statement]


def drop(random: Random, service: str, statement: Statement) -> list[Statement]:
    return []


def blur(random: Random, service: str, statement: Statement) -> list[Statement]:
    """A part that nobody knows the meaning of."""
    if random.random() < 0.5:
        return [{**statement, "Conditions": {}}]
    return [_with(statement, random.choice(("StringMatches", "NullIfExists", "ForAllValues:Null")), "aws:userid", "x")]


_BENDS = {
    split_condition: 6,
    split_null: 2,
    split_flag: 1,
    split_element: 4,
    change_operator: 4,
    change_values: 4,
    add_condition: 4,
    drop_condition: 1,
    change_element: 4,
    add_statement: 3,
    flip: 0.3,
    drop: 0.7,
    blur: 0.4,
}
