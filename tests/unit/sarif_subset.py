"""The part of SARIF 2.1.0's JSON schema that the writer uses, written down from the standard's property tables.

Every object is closed: a property that the standard does not have is an error. Sections in the comments are those of
"Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
"""

from typing import Any


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


def _list(of: Any, **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": of, **more}


TEXT = {"type": "string"}
BAG = {"type": "object"}
MESSAGE = _object([], text=TEXT, markdown=TEXT, id=TEXT, arguments=_list(TEXT))  # 3.11
ARTIFACT = _object(
    [], uri={"type": "string", "format": "uri-reference"}, uriBaseId=TEXT, index={"type": "integer"}
)  # 3.4
REGION = _object(  # 3.30
    [],
    startLine={"type": "integer", "minimum": 1},
    startColumn={"type": "integer", "minimum": 1},
    endLine={"type": "integer", "minimum": 1},
    endColumn={"type": "integer", "minimum": 1},
)
PHYSICAL = {  # 3.29
    **_object([], artifactLocation=ARTIFACT, region=REGION, contextRegion=REGION, properties=BAG),
    "anyOf": [{"required": ["address"]}, {"required": ["artifactLocation"]}],
}
LOGICAL = _object([], name=TEXT, fullyQualifiedName=TEXT, decoratedName=TEXT, kind=TEXT, properties=BAG)  # 3.33
LOCATION = _object(  # 3.28
    [],
    id={"type": "integer", "minimum": -1},
    physicalLocation=PHYSICAL,
    logicalLocations=_list(LOGICAL),
    message=MESSAGE,
)
LEVEL = {"enum": ["none", "note", "warning", "error"]}
RESULT = {
    **_object(  # 3.27
        ["message"],
        ruleId=TEXT,
        ruleIndex={"type": "integer", "minimum": -1},
        kind={"enum": ["notApplicable", "pass", "fail", "review", "open", "informational"]},
        level=LEVEL,
        message=MESSAGE,
        locations=_list(LOCATION),
        partialFingerprints={"type": "object", "additionalProperties": TEXT},
        properties=BAG,
    ),
    # 3.27.10: a result that is no failure has the level none
    "if": {"properties": {"kind": {"const": "fail"}}},
    "else": {"properties": {"level": {"const": "none"}}},
}
TEXTS = _object(["text"], text=TEXT, markdown=TEXT)  # 3.12
RULE = _object(["id"], id=TEXT, name=TEXT, shortDescription=TEXTS, fullDescription=TEXTS, help=TEXTS)  # 3.49
DRIVER = _object(  # 3.19
    ["name"],
    name={"type": "string", "minLength": 1},
    version=TEXT,
    semanticVersion=TEXT,
    informationUri={"type": "string", "format": "uri"},
    rules=_list(RULE, uniqueItems=True),
)
NOTIFICATION = _object(["message"], message=MESSAGE, level=LEVEL, locations=_list(LOCATION, uniqueItems=True))  # 3.58
INVOCATION = _object(  # 3.20
    ["executionSuccessful"],
    executionSuccessful={"type": "boolean"},
    toolExecutionNotifications=_list(NOTIFICATION),
)
RUN = _object(  # 3.14
    ["tool"],
    tool=_object(["driver"], driver=DRIVER),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    invocations=_list(INVOCATION, uniqueItems=True),
    results=_list(RESULT),
    properties=BAG,
)
SCHEMA = {  # 3.13
    "$schema": "http://json-schema.org/draft-07/schema#",
    **_object(
        ["version", "runs"],
        **{"$schema": {"type": "string", "format": "uri"}},
        version={"const": "2.1.0"},
        runs=_list(RUN),
        properties=BAG,
    ),
}
