"""The bucket that keeps the pre-images, and its key: no remediation writes to what it relies on to be undone."""

from __future__ import annotations

from dataclasses import dataclass

from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.remediate.change import Proposal, Proposed, Refusal, Refused
from s3_guardrails.remediate.state import Resource

_NEXT = "change the template that deploys it, then deploy again"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnEvidence:
    """Name of the evidence bucket and ARN of its key; empty where plans are kept elsewhere."""

    bucket: str = ""
    key: str = ""

    def spared(self, resource: Resource, proposal: Proposal) -> Proposal:
        """Return the proposal, or instead of a change of the evidence bucket or its key the refusal EVIDENCE_BUCKET."""
        if not (isinstance(proposal, Proposed) and self._holds(resource)):
            return proposal
        what = f"{resource.arn} holds or encrypts the pre-images of all remediations"
        return Refused(refusals=(Refusal("EVIDENCE_BUCKET", what, _NEXT),))

    def _holds(self, resource: Resource) -> bool:
        return resource.name == self.bucket if isinstance(resource, Bucket) else resource.arn == self.key
