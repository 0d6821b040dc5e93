"""Read where buckets' server access logs go: the buckets of a Region once, as each may log to any other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from s3_guardrails.encryption.access_log import AccessLogging, LogTarget
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import ABSENT, Absent, Unreadable
from s3_guardrails.live.call import Once, answer, gather
from s3_guardrails.live.clients import Clients
from s3_guardrails.live.shape import first_line
from s3_guardrails.policy.document import Policy

T = TypeVar("T")
ListBuckets = Callable[[], Sequence[Bucket]]
"""The account's buckets, with nothing read; raises LiveReadFailed."""
KeyPolicy = Callable[[str], Policy | Unreadable]
"""Key ARN → its policy."""
Logging = AccessLogging | Absent | Unreadable


class AccessLogs:
    """The logging of one account's buckets, each asked once. A bucket of unknown Region may be of any."""

    def __init__(self, clients: Clients, list_buckets: ListBuckets) -> None:
        """Read nothing yet."""
        self._clients, self._list_buckets = clients, list_buckets
        self._of: Once[str, Logging] = Once()

    def logging(self, bucket: Bucket) -> Logging:
        """Return where the bucket's logs go, Absent where it makes none."""
        return self._of.get(bucket.name, lambda: _read(self._clients, bucket))

    def logs_from(self, bucket: Bucket) -> frozenset[str] | Unreadable:
        """Buckets found are enough to know; finding none means something only where every bucket could be asked."""
        others = [each for each in self._list_buckets() if each.region in {bucket.region, ""}]
        said = dict(zip((each.name for each in others), gather(self.logging, others), strict=True))
        logging = ((name, to.target) for name, to in said.items() if isinstance(to, AccessLogging))
        found = frozenset(name for name, target in logging if target == bucket.name)
        closed = next(((name, to) for name, to in said.items() if isinstance(to, Unreadable)), None)
        if not found and closed:
            return Unreadable("logs_from", first_line(f"logging of bucket {closed[0]}: {closed[1].reason}"))
        return found

    def target(self, bucket: Bucket, complete: Callable[[Bucket, str], Bucket], policy_of: KeyPolicy) -> LogTarget:
        """Return the facts of the bucket that takes the bucket's logs; `complete` reads a fact of it."""
        logging = self.logging(bucket)
        if not isinstance(logging, AccessLogging):
            return LogTarget(region=None)
        named = {each.name: each for each in self._list_buckets()}
        target = named.get(logging.target)
        if target is None or target.region != bucket.region:
            return LogTarget(region=None if target is None else target.region)
        default = complete(target, "default_encryption").default_encryption
        key = None if isinstance(default, Unreadable) else default.key
        policy = policy_of(key) if key and ":key/" in key else ABSENT
        return LogTarget(
            region=target.region,
            onward=self._onward(target, named),
            locked=_locked(self._clients, target),
            default_encryption=_renamed(default),
            key_policy=_renamed(policy),
            policy=_renamed(complete(target, "policy").policy),
        )

    def _onward(self, bucket: Bucket, named: Mapping[str, Bucket]) -> tuple[str, ...] | Unreadable:
        way: list[str] = [bucket.name]
        while bucket.name in named:
            logging = self.logging(bucket)
            if isinstance(logging, Unreadable):
                return Unreadable("log_target", first_line(f"logging of bucket {bucket.name}: {logging.reason}"))
            if isinstance(logging, Absent):
                break
            way.append(logging.target)
            if logging.target in way[:-1] or logging.target not in named:
                break
            bucket = named[logging.target]
        return tuple(way[1:])


def _renamed(fact: T | Unreadable) -> T | Unreadable:
    return replace(fact, fact="log_target") if isinstance(fact, Unreadable) else fact


def _read(clients: Clients, bucket: Bucket) -> Logging:
    if not bucket.region:
        return Unreadable("access_logging", "its Region is not known")

    def ask() -> AccessLogging | Absent:
        found = clients.s3(bucket.region).get_bucket_logging(Bucket=bucket.name, ExpectedBucketOwner=bucket.account)
        if "LoggingEnabled" not in found:
            return ABSENT
        return AccessLogging(found["LoggingEnabled"]["TargetBucket"], found["LoggingEnabled"].get("TargetPrefix", ""))

    return answer("access_logging", ask)


def _locked(clients: Clients, bucket: Bucket) -> bool | Unreadable:
    """Has Object Lock a default retention?"""

    def ask() -> bool:
        found = clients.s3(bucket.region).get_object_lock_configuration(
            Bucket=bucket.name, ExpectedBucketOwner=bucket.account
        )
        return "DefaultRetention" in found["ObjectLockConfiguration"].get("Rule", {})

    return answer("log_target", ask, {"ObjectLockConfigurationNotFoundError": False})
