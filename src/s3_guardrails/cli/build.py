"""`build`: the zip of the functions and the template for StackSets, or the functions' folder for SAM."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import click

from s3_guardrails.cli.exit_code import ExitCode
from s3_guardrails.cli.text import pretty_json, say
from s3_guardrails.deploy.archive import RUNTIME_VERSION, compiled, digest, unpack, write_zip
from s3_guardrails.deploy.bundle import Bundle, bundle, versions
from s3_guardrails.deploy.stackset import render_stackset
from s3_guardrails.errors import InputError

NAME = "s3-encryption-guardrails"


@click.command()
@click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=".",
    show_default="the current folder",
    help="The checkout, with template.yaml.",
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default="dist", show_default=True, help="Write here."
)
@click.option("--unpacked", type=click.Path(path_type=Path), help="Write only the functions' files, into this folder.")
@click.option(
    "--python",
    metavar="PROGRAM",
    help=f"A Python {RUNTIME_VERSION} that compiles the modules [this one, where it is {RUNTIME_VERSION}].",
)
def build(root: Path, out: Path, unpacked: Path | None, python: str | None) -> ExitCode:
    """Build what is deployed: dist/*.zip, dist/stackset.yaml and dist/manifest.json.

    The same environment gives the same bytes on every machine, and other code another name. Nothing is fetched or
    uploaded; docs/operations.md says how it is deployed.
    """
    files = _compiled(bundle(), python)
    if unpacked is not None:
        unpack(files, unpacked)
        say(f"wrote {len(files)} files into {unpacked}")
        return ExitCode.COMPLIANT
    key = f"{NAME}/{digest(files)}.zip"
    manifest = _written(files, key, _template(root, key), out)
    click.echo(pretty_json(manifest))
    return ExitCode.COMPLIANT


def _compiled(files: Bundle, python: str | None) -> Bundle:
    if python:
        return compiled(files, python)
    if "{}.{}".format(*sys.version_info) == RUNTIME_VERSION:
        return compiled(files, sys.executable)
    say(f"modules are not compiled: pass a Python {RUNTIME_VERSION} as --python, or cold starts take longer")
    return files


def _template(root: Path, key: str) -> str:
    path = root / "template.yaml"
    try:
        return render_stackset(path.read_bytes(), key)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None


def _written(files: Bundle, key: str, template: str, out: Path) -> dict[str, Any]:
    archive = out / Path(key).name
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_zip(files, archive)
        (out / "stackset.yaml").write_text(template, encoding="utf-8")
        manifest = {
            "zip": archive.name,
            "key": key,
            "zip_bytes": archive.stat().st_size,
            "unpacked_bytes": sum(map(len, files.values())),
            "compiled": any(path.endswith(".pyc") for path in files),
            "packages": versions(),
            "template": "stackset.yaml",
            "template_key": f"{NAME}/{hashlib.sha256(template.encode()).hexdigest()}.yaml",
            "template_bytes": len(template.encode()),
        }
        (out / "manifest.json").write_text(pretty_json(manifest) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{error.filename or out}: {error.strerror}") from None
    return manifest
