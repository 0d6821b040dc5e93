"""What is deployed, as texts that a mistake can be put into and as trees that gates look at."""

from dataclasses import dataclass, replace
from functools import cached_property

import yaml
from deployed import ROOT
from resolved import Resolved
from ssm_documents import Document

from s3_guardrails.template.loading import load

TEMPLATE, PACK, ORGANIZATION = "template.yaml", "conformance-pack.yaml", "deploy/organization.yaml"
DOCUMENTS = "remediation"
APPROVER = {"RemediationApproverArn": "arn:aws:iam::111122223333:role/approver"}


@dataclass(frozen=True)
class Project:
    """Texts by their path in the checkout."""

    texts: dict

    @classmethod
    def read(cls):
        paths = [ROOT / TEMPLATE, ROOT / PACK, *ROOT.glob("deploy/*.yaml"), *ROOT.glob(f"{DOCUMENTS}/*.yaml")]
        return cls({path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in sorted(paths)})

    def with_text(self, path, text):
        """The project with another text of one file; trees of the others are taken along."""
        changed = replace(self, texts={**self.texts, path: text})
        if path != TEMPLATE:
            changed.__dict__["template"] = self.template
        return changed

    @cached_property
    def template(self):
        return load(self.texts[TEMPLATE].encode()).tree

    @cached_property
    def resources(self):
        return self.template["Resources"]

    @cached_property
    def pack(self):
        return yaml.load(self.texts[PACK], Loader=yaml.CSafeLoader)

    @cached_property
    def embedded(self):
        """The pack inside the template, as AWS Config gets it."""
        body = Resolved(self.template, APPROVER).resolve(self.resources["Pack"]["Properties"]["TemplateBody"])
        return yaml.load(body, Loader=yaml.CSafeLoader)

    @cached_property
    def documents(self):
        found = {path: text for path, text in self.texts.items() if path.startswith(f"{DOCUMENTS}/")}
        return [
            Document(path.removeprefix(f"{DOCUMENTS}/").removesuffix(".yaml"), text) for path, text in found.items()
        ]

    def of_type(self, *kinds):
        return {name: each.get("Properties", {}) for name, each in self.resources.items() if each["Type"] in kinds}


def walk(node, at=""):
    """Every (place, value) of a tree that is not a mapping or a list, and of every mapping of one entry."""
    if isinstance(node, dict):
        if len(node) == 1:
            yield at, node
        for name, each in node.items():
            yield from walk(each, f"{at}.{name}")
    elif isinstance(node, list):
        for index, each in enumerate(node):
            yield from walk(each, f"{at}[{index}]")
    else:
        yield at, node
