"""Renders what of deploy/organization.yaml follows from template.yaml: its parameters, handed on to both stack sets."""

from __future__ import annotations

import re
from typing import Final

import yaml

from s3_guardrails.catalogue.template_text import block
from s3_guardrails.errors import MalformedRule

PATH: Final = "deploy/organization.yaml"
WAVES: Final = ("canary", "fleet")
PREFIX: Final = "ArtifactBucketPrefix"
"""What a stack set's template takes beside the parameters of template.yaml: where the code is."""


def render_organization(organization: str, template: str) -> str:
    """Return deploy/organization.yaml with every block rendered; raise MalformedRule where a mark is missing."""
    found = re.search(r"^Parameters:\n((?:  .*\n|\n)+?)(?=^\S|\n^\S)", template, re.MULTILINE)
    if not found:
        raise MalformedRule("template.yaml: expected the section `Parameters`")
    lines = [line.removeprefix("  ") for line in found[1].splitlines() if line.strip()[:1] != "#"]
    body = "\n".join(lines)
    names = [PREFIX, *yaml.safe_load(body)]
    handed_on = "\n".join(f"- {{ParameterKey: {name}, ParameterValue: !Ref {name}}}" for name in names)
    text = block(organization, "parameters of template.yaml", body, file=PATH)
    for wave in WAVES:
        text = block(text, wave, handed_on, indent=8, file=PATH)
    return text
