"""Finds the rules: every folder ``rules/<NAME>`` holds a module ``<NAME>.py`` with a rule class ``<NAME>``.

There is no list of rules anywhere; putting the folder there is what adds a rule.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.key import Key
from s3_guardrails.errors import MalformedRule
from s3_guardrails.rule import NoRemediation, Rule

PACKAGE: Final = Path(__file__).parent

Scenarios = Mapping[str, tuple[Bucket | Key, Mapping[str, str] | None, str, str]]
"""Title → facts, rule parameters as AWS Config names them, expected verdict, expected reason code."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One rule of the catalogue and the folder that is its home."""

    rule: type[Rule[Any]]
    folder: Path

    @property
    def name(self) -> str:
        """The name of rule, class, module and folder."""
        return self.rule.__name__

    @property
    def remediation(self) -> str | None:
        """The document that mends what the rule finds, None where the rule says why there is none."""
        found = self.rule.remediation
        return None if isinstance(found, NoRemediation) else found

    @property
    def documents(self) -> tuple[str, ...]:
        """Every document about what the rule finds, the one that AWS Config offers first."""
        return (*((self.remediation,) if self.remediation else ()), *self.rule.further_remediations)

    def scenarios(self) -> Scenarios:
        """Return SCENARIOS of the rule's test file; raise MalformedRule. Installed packages carry no test files."""
        path = self.folder / f"{self.name}_test.py"
        if not path.is_file():
            raise MalformedRule(f"rule `{self.name}`: expected its scenarios in {path.name}")
        scenarios: Scenarios | None = getattr(_load(path), "SCENARIOS", None)
        if not isinstance(scenarios, Mapping) or not scenarios:
            raise MalformedRule(f"rule `{self.name}`: expected a table SCENARIOS in {path.name}")
        return scenarios


def rules_folder() -> Path:
    """Return the folder of the rules: the wheel's own data, or the checkout's ``rules``."""
    installed = PACKAGE / "_catalogue" / "rules"
    return installed if installed.is_dir() else PACKAGE.parents[1] / "rules"


def template_file() -> Path:
    """Return template.yaml: the wheel's own copy, or the checkout's."""
    installed = PACKAGE / "_catalogue" / "template.yaml"
    return installed if installed.is_file() else PACKAGE.parents[1] / "template.yaml"


def find_rules(folder: Path | None = None) -> tuple[Entry, ...]:
    """Load every rule below the folder, sorted by name; raise MalformedRule for what is not one."""
    home = folder or rules_folder()
    names = sorted(path.name for path in home.glob("*/") if path.name[0] not in "._") if home.is_dir() else []
    if not names:
        raise MalformedRule(f"no rules found below `{home}`")
    return tuple(_entry(home / name) for name in names)


def _entry(folder: Path) -> Entry:
    name = folder.name
    path = folder / f"{name}.py"
    if not path.is_file():
        raise MalformedRule(f"rule `{name}`: expected a module {name}/{path.name}")
    rule = getattr(_load(path), name, None)
    if not (isinstance(rule, type) and issubclass(rule, Rule)):
        raise MalformedRule(f"rule `{name}`: expected {path.name} to hold a rule class of the same name")
    return Entry(rule, folder)


def _load(path: Path) -> ModuleType:
    """Import a file under its own stem, as RDK and the Lambda runtime do, so that all of them see one class."""
    known = sys.modules.get(path.stem)
    if known is not None and _same_file(known, path):
        return known
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise MalformedRule(f"`{path}` is not a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses and the rule's own test look their module up here
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[path.stem]
        if isinstance(error, MalformedRule) or not isinstance(error, Exception):
            raise
        raise MalformedRule(f"`{path.name}` cannot be imported: {type(error).__name__}: {error}") from error
    return module


def _same_file(module: ModuleType, path: Path) -> bool:
    return module.__file__ is not None and Path(module.__file__).resolve() == path.resolve()
