"""What the Lambda functions run: the rules as modules, this package, rdklib, and of the SDK what they call.

It is taken from the environment that builds, which the lock file pins with hashes; nothing is fetched. The SDK of
Lambda's own runtime is not relied on: before 1.41 it drops `BlockedEncryptionTypes` silently.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import PurePosixPath
from typing import Final

from s3_guardrails.discovery import PACKAGE, find_rules
from s3_guardrails.errors import InputError

RUNTIME: Final = ("boto3", "botocore", "jmespath", "python-dateutil", "rdklib", "s3transfer", "six", "urllib3")
"""Distributions that the functions import; all that they need themselves is among them."""
SERVICES: Final = ("cloudtrail", "config", "iam", "kms", "s3", "s3control", "sns", "ssm", "sts")
"""Services whose models are kept; the SDK's 400 others are nine tenths of it."""
LEFT_OUT: Final = frozenset(
    {
        "acceptance",
        "catalogue",
        "cli",
        "deploy",
        "embedded",
        "preflight",
        "report",
        "settings",
        "template",
        "__main__.py",
    }
)
"""Parts of this package that no function imports."""

CATALOGUE: Final = f"{PACKAGE.name}/_catalogue/rules"
"""Where an installed package looks for the rules, as remediations do; AWS Config's functions are modules at the top."""

_NATIVE: Final = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
"""How libraries of Linux and macOS begin."""
_NATIVE_NAMES: Final = (".so", ".pyd", ".dylib", ".dll", ".exe")

Bundle = dict[str, bytes]
"""Path in the bundle → content."""


def bundle() -> Bundle:
    """Return the files in the order of their paths.

    Raise InputError where a package is not installed, or brings code for one kind of processor.
    """
    found: Bundle = {}
    for name in RUNTIME:
        found.update(_distribution(name))
    found.update(_package())
    for entry in find_rules():
        module = f"{entry.name}.py"
        found[module] = found[f"{CATALOGUE}/{entry.name}/{module}"] = (entry.folder / module).read_bytes()
    return portable(dict(sorted(found.items())))


def portable(files: Bundle) -> Bundle:
    """Return the files; raise InputError where one is native code: the machine that builds need not be Lambda's."""
    for path, content in files.items():
        if path.endswith(_NATIVE_NAMES) or ".so." in path or content.startswith(_NATIVE):
            raise InputError(f"{path}: expected no native code in the bundle, whose functions run on arm64")
    return files


def versions() -> dict[str, str]:
    """Return distribution → version, as bundled."""
    return {name: distribution(name).version for name in RUNTIME}


def _distribution(name: str) -> Iterator[tuple[str, bytes]]:
    try:
        files = distribution(name).files or ()
    except PackageNotFoundError:
        raise InputError(f"package `{name}` is not installed; install what requirements.txt lists") from None
    for path in files:
        if _wanted(path):
            yield path.as_posix(), path.locate().read_bytes()  # type: ignore[attr-defined]  # a path on disk


def _wanted(path: PurePosixPath) -> bool:
    top, *rest = path.parts
    if top in {"..", "rdklibtest"} or "__pycache__" in path.parts:
        return False
    if top.endswith(".dist-info"):
        return path.name == "METADATA" or rest[0] == "licenses" or path.name.startswith(("LICENSE", "NOTICE"))
    match path.parts:
        case ["boto3", "data" | "examples", *_]:  # resources, which are not used, and examples
            return False
        case ["botocore", "data", service, _, *_]:
            return service in SERVICES and not path.name.startswith(("examples-", "completions-"))
    return True


def _package() -> Iterator[tuple[str, bytes]]:
    for path in PACKAGE.rglob("*"):
        inside = path.relative_to(PACKAGE)
        if path.is_file() and "__pycache__" not in inside.parts and not LEFT_OUT.intersection(inside.parts[:1]):
            yield f"{PACKAGE.name}/{inside.as_posix()}", path.read_bytes()
