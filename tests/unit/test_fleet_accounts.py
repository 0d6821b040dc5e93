"""The accounts of an organization as AWS may list them: once each, suspended ones too, where they stand."""

import boto3
import pytest
from botocore.stub import Stubber

from s3_guardrails.deploy.fleet_accounts import read_members
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.errors import LiveReadFailed

ONE, TWO = "1" * 12, "2" * 12
ROOT = {"Id": "r-abcd", "Name": "Root"}
UNIT = {"Id": "ou-abcd-12345678", "Name": "a/b"}


class Organizations:
    """The real client, with answers put in its mouth in the order of the calls."""

    def __init__(self):
        self.organizations = boto3.client(
            "organizations", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        self.stubber = Stubber(self.organizations)
        self.stubber.activate()

    def client(self, *_):
        return self.organizations

    def lists(self, *pages):
        for number, page in enumerate(pages, 1):
            more = {"NextToken": str(number)} if number < len(pages) else {}
            self.stubber.add_response("list_accounts", {"Accounts": page, **more})

    def stands(self, *, root=(), unit=()):
        self.stubber.add_response("describe_organization", {"Organization": {"MasterAccountId": TWO}})
        self.stubber.add_response("list_roots", {"Roots": [ROOT]})
        self.stubber.add_response("list_accounts_for_parent", {"Accounts": [{"Id": each} for each in root]})
        self.stubber.add_response("list_organizational_units_for_parent", {"OrganizationalUnits": [UNIT]})
        self.stubber.add_response("list_accounts_for_parent", {"Accounts": [{"Id": each} for each in unit]})
        self.stubber.add_response("list_organizational_units_for_parent", {"OrganizationalUnits": []})


@pytest.fixture
def organizations():
    found = Organizations()
    yield found
    found.stubber.assert_no_pending_responses()


def test_an_account_that_is_listed_twice_is_one_and_empty_pages_are_no_end(organizations):
    organizations.lists(
        [{"Id": ONE, "State": "ACTIVE"}], [], [{"Id": ONE, "State": "ACTIVE"}, {"Id": TWO, "Status": "SUSPENDED"}]
    )
    organizations.stands(root=[TWO], unit=[ONE])
    found = read_members(organizations, "us-east-1")
    assert [(each.id, each.state, each.path, each.management) for each in found] == [
        (ONE, "ACTIVE", ("Root", "a/b"), False),
        (TWO, "SUSPENDED", ("Root",), True),
    ]


def test_an_account_below_no_root_is_there_and_its_place_is_not_known(organizations):
    organizations.lists([{"Id": ONE, "State": "ACTIVE"}])
    organizations.stands()
    [found] = read_members(organizations, "us-east-1")
    assert isinstance(found.path, Unreadable)
    assert found.as_json()["unit"] is None


def test_an_account_without_a_state_makes_no_shorter_list(organizations):
    organizations.lists([{"Id": ONE}, {"Id": TWO, "State": "ACTIVE"}])
    with pytest.raises(LiveReadFailed, match="the accounts of the organization: KeyError"):
        read_members(organizations, "us-east-1")
