"""Items that are too large for a notification: read from the history that AWS Config keeps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_config import ConfigServiceClient

MAX_PAGES: Final = 400
"""Empty pages to look past: a page spans seven days, and AWS Config keeps items for at most 2,557 (service model)."""


def newest_item(client: ConfigServiceClient, resource_type: str, resource_id: str) -> Mapping[str, Any] | None:
    """Return the newest item of a resource as plain data, None where the history has none; raise ClientError."""
    pages = client.get_paginator("get_resource_config_history").paginate(
        resourceType=resource_type,  # type: ignore[arg-type]  # a string out of the event
        resourceId=resource_id,
        PaginationConfig={"PageSize": 1},
    )
    try:
        found = next((each for page in islice(pages, MAX_PAGES) for each in page["configurationItems"]), None)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotDiscoveredException":
            return None
        raise
    return None if found is None else plain(found)


def plain(value: Any) -> Any:
    """Return JSON data: the SDK's datetimes as AWS Config writes them, since Lambda cannot marshal a datetime."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case Mapping():
            return {name: plain(each) for name, each in value.items()}
        case list() | tuple():
            return [plain(each) for each in value]
    return value
