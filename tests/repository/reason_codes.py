"""Which reason codes a rule can give, read from the source: its own module and what it calls of this package.

An over-approximation by name: a function counts as called when its name stands in a body that counts, and a text in
capitals counts as a code unless it is a word of the AWS APIs.
"""

import ast
import importlib
import inspect
import re
from functools import cache
from pathlib import Path

CODE = re.compile(r"[A-Z]{4,}(_[A-Z]+)*|[A-Z]+(_[A-Z]+)+")

API_WORDS = {
    "AWS_CLOUDHSM",
    "AWS_KMS",
    "CUSTOMER",
    "ENCRYPT_DECRYPT",
    "EXTERNAL",
    "EXTERNAL_KEY_STORE",
    "NONE",
    "PRIMARY",
    "SYMMETRIC_DEFAULT",
}

WHERE_REASONS_ARE_MADE = ("s3_guardrails.classified", "s3_guardrails.encryption.", "s3_guardrails.scoped")


def codes_of(path: Path) -> set[str]:
    """Return every code that the rule module at the path can give, but for those of unreadable facts."""
    found: set[str] = set()
    seen: set[tuple[Path, str]] = set()
    todo = [(path, name) for name in _scope(path).bodies]
    while todo:
        where, name = todo.pop()
        if (where, name) in seen:
            continue
        seen.add((where, name))
        scope = _scope(where)
        for body in scope.bodies.get(name, []):
            names = {node.id for node in ast.walk(body) if isinstance(node, ast.Name)}
            found |= {text for text in _texts(body) if CODE.fullmatch(text)}
            todo += [(where, each) for each in names & set(scope.bodies)]
            todo += [scope.imports[each] for each in names & set(scope.imports)]
    return found - API_WORDS


class Scope:
    """One module: what its top level defines, by name, and what it imports from where reasons are made."""

    def __init__(self, tree: ast.Module) -> None:
        self.bodies: dict[str, list[ast.AST]] = {}
        self.imports: dict[str, tuple[Path, str]] = {}
        for node in tree.body:
            match node:
                case (
                    ast.FunctionDef(name=name)
                    | ast.ClassDef(name=name)
                    | ast.Assign(targets=[ast.Name(id=name)])
                    | ast.AnnAssign(target=ast.Name(id=name))
                ):
                    self.bodies.setdefault(name, []).append(node)
                case ast.ImportFrom(module=str(module)) if module.startswith(WHERE_REASONS_ARE_MADE):
                    file = Path(inspect.getsourcefile(importlib.import_module(module)))
                    self.imports |= {each.asname or each.name: (file, each.name) for each in node.names}


@cache
def _scope(path: Path) -> Scope:
    return Scope(ast.parse(path.read_text(encoding="utf-8")))


def _texts(body: ast.AST) -> set[str]:
    return {node.value for node in ast.walk(body) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
