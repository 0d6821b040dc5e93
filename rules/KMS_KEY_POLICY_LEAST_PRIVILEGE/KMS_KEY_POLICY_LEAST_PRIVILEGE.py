"""KMS_KEY_POLICY_LEAST_PRIVILEGE: who can use and who can administer the key."""

from dataclasses import dataclass

from s3_guardrails.config import lambda_handler_for
from s3_guardrails.decision import Decision, Reason, Severity, decided
from s3_guardrails.encryption.fact import known
from s3_guardrails.encryption.key import Key
from s3_guardrails.encryption.key_access import KeyQuestions, account_ids, organization_ids, principal_arns
from s3_guardrails.encryption.least_privilege import Findings
from s3_guardrails.parameters import parameter, words
from s3_guardrails.rule import Control
from s3_guardrails.scoped import ScopedKeyRule, ScopedParameters

SECURITY_HUB = "AWS Security Hub User Guide, control KMS.5"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPolicyParameters(ScopedParameters):
    """Who is trusted, and who may only write."""

    trusted_accounts: tuple[str, ...] = parameter(
        "", "Further account ids whose principals may use the key, separated by commas.", account_ids
    )
    trusted_organizations: tuple[str, ...] = parameter(
        "", "Organization ids (o-…) whose members may use the key, separated by commas.", organization_ids
    )
    accepted_services: tuple[str, ...] = parameter(
        "", "Service principals that need no source binding, separated by commas.", words
    )
    write_only: tuple[str, ...] = parameter(
        "", "ARNs of roles or users that must not decrypt, separated by commas.", principal_arns
    )
    write_only_multipart: tuple[str, ...] = parameter(
        "", "ARNs of roles or users that may decrypt through S3 only, as multipart uploads need.", principal_arns
    )


class KMS_KEY_POLICY_LEAST_PRIVILEGE(ScopedKeyRule):
    """Nobody outside the trusted accounts can use or administer the key, and nobody inside holds more than one duty.

    The key policy is the last word on who reads the data. AWS services need a source binding, or another account could
    make them use the key; no principal both administers and uses it; nobody but the account root holds every action;
    declared writers cannot decrypt. The statement for the account root itself is never a finding.
    """

    severity = Severity.CRITICAL
    controls = (
        Control("AWS Security Hub", "KMS.5", SECURITY_HUB, "2026-11"),
        Control("CIS AWS Foundations v7.0.0", "2.21", "compliance file of Prowler 5.46, August 2026", "2026-11"),
        Control("NIST SP 800-53 Rev. 5", "AC-6", "AWS Security Hub User Guide, controls KMS.1 and KMS.2", "2026-11"),
        Control("NIST SP 800-53 Rev. 5", "AC-5", "AWS Security Hub User Guide, controls KMS.1 and KMS.2", "2026-11"),
    )
    remediation = "RestrictKeyPolicy"
    Parameters = KeyPolicyParameters
    parameters: KeyPolicyParameters

    def decide_key(self, key: Key) -> Decision:
        """Ask every question of the policy and report each finding."""
        questions = KeyQuestions(
            own=key.account,
            key_arn=key.arn,
            inside=frozenset(self.parameters.trusted_accounts),
            organizations=frozenset(self.parameters.trusted_organizations),
            accepted_services=frozenset(self.parameters.accepted_services),
            partition=key.partition,
            since=key.as_of,
        )
        reasons = tuple(
            Findings(
                policy=known(key.policy),
                questions=questions,
                write_only=self.parameters.write_only,
                write_only_multipart=self.parameters.write_only_multipart,
            )
        )
        holds = Reason("LEAST_PRIVILEGE", "nobody outside can use or administer the key, and duties are separate")
        return decided(
            [each for certain, each in reasons if certain], [each for certain, each in reasons if not certain], holds
        )


lambda_handler = lambda_handler_for(KMS_KEY_POLICY_LEAST_PRIVILEGE)
