"""Which keys are approved: ARNs, accounts whose keys are trusted, aliases and tags resolved where the bucket is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.errors import ParameterError

_ARN: Final = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+")
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_REFERENCE: Final = re.compile(r"alias/[A-Za-z0-9/_-]+|tag:[^=]+=.*")


@dataclass(frozen=True, slots=True)
class ApprovedKeys:
    """The parameter `ApprovedKeys`; empty: every key of the bucket's own account."""

    arns: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    references: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> ApprovedKeys:
        """Read a list separated by commas; raise ParameterError naming the entry."""
        found: dict[re.Pattern[str], list[str]] = {_ARN: [], _ACCOUNT: [], _REFERENCE: []}
        for word in filter(None, (part.strip() for part in text.split(","))):
            form = next((form for form in found if form.fullmatch(word)), None)
            if form is None:
                raise ParameterError(f"expected a key ARN, an account id, `alias/…` or `tag:Key=Value`, found `{word}`")
            found[form].append(word)
        return cls(*(tuple(each) for each in found.values()))

    def __bool__(self) -> bool:
        """Is anything listed?"""
        return bool(self.arns or self.accounts or self.references)

    def names(self, bucket: Bucket, arn: str) -> bool:
        """Is the key approved by itself, not merely by its account?"""
        return arn in self.arns or any(arn in bucket.keys_of(each) for each in self.references)

    def trusts(self, bucket: Bucket, account: str) -> bool:
        """Are all keys of the account approved?"""
        return account in self.accounts or (not self and account == bucket.account)

    def patterns(self, bucket: Bucket) -> tuple[str, ...]:
        """Return the approved keys as ARN patterns; S3 uses keys of the bucket's own Region only."""
        accounts = self.accounts if self else (bucket.account,)
        resolved = (arn for each in self.references for arn in sorted(bucket.keys_of(each)))
        whole = (f"arn:{bucket.partition}:kms:{bucket.region}:{account}:key/*" for account in accounts)
        return (*self.arns, *resolved, *whole)
