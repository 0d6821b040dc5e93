"""Who may ask AWS Organizations: moto answers any account, as if it had an organization of its own.

Source: Organizations API Reference: these lists are for the management account and delegated administrators.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from moto.organizations.models import organizations_backends

from s3_guardrails.embedded.call import Answer, Call, Refused
from s3_guardrails.embedded.stack.stack_set_service import StackSetService


@dataclass(frozen=True, slots=True)
class OrganizationService:
    """Methods ``on_…`` answer operations; the organization is moto's. Stack sets follow accounts that move."""

    stack_sets: StackSetService

    def on_list_accounts(self, call: Call) -> Answer:
        """Answer who may ask."""
        return _for_administrators(call)

    def on_list_delegated_administrators(self, call: Call) -> Answer:
        """Answer who may ask."""
        return _for_administrators(call)

    def on_list_aws_service_access_for_organization(self, call: Call) -> Answer:
        """Answer who may ask."""
        return _for_administrators(call)

    def on_move_account(self, call: Call) -> Answer:
        """Move an account between units."""
        return self._moved(call)

    def on_remove_account_from_organization(self, call: Call) -> Answer:
        """Let an account go."""
        return self._moved(call)

    def _moved(self, call: Call) -> Answer:
        answer = call.forward()
        if answer.status == 200:
            self.stack_sets.moved(call.parameters["AccountId"])
        return answer


def _for_administrators(call: Call) -> Answer:
    """Refuse an account that is in no organization, or is a mere member of one."""
    if call.account not in organizations_backends.master_accounts and not _own(call).org:
        raise Refused("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
    if not _own(call).org:
        raise Refused("AccessDeniedException", "You don't have permissions to access this resource.")
    return call.forward()


def _own(call: Call) -> Any:
    return organizations_backends[call.account]["aws"]
