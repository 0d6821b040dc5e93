"""The guardrails file as parameters of the rules, and as inputs of template and pack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from s3_guardrails import __version__
from s3_guardrails.errors import InputError, ParameterError
from s3_guardrails.parameters import input_parameters
from s3_guardrails.rule import Rule
from s3_guardrails.settings.guardrails import ClassSettings, Guardrails

RESERVED: Final = {"AssumeRoleMode": "False", "PackVersion": __version__}
"""What a rule is told beside its own parameters, and takes some of the 1,024 characters."""

Rendered = dict[str, dict[str, str]]
"""Rule → parameter, as AWS Config names it → value; a parameter without a value is left out."""


def rule_parameters(settings: Guardrails, rules: Iterable[type[Rule[Any]]]) -> Rendered:
    """Return every rule's parameters; raise InputError for those that a rule does not take, or that are too long."""
    known = {rule.__name__: rule for rule in rules}
    for name in settings.rules:
        if name not in known:
            raise InputError(f"rules.{name}: unknown rule; expected one of {', '.join(known)}")
    told = _told(settings)
    return {name: _of_rule(rule, told, settings.rules.get(name, {})) for name, rule in known.items()}


def _of_rule(rule: type[Rule[Any]], told: Mapping[str, str], further: Mapping[str, str]) -> dict[str, str]:
    place = f"rules.{rule.__name__}"
    defaults = {each.name: each.default for each in rule.Parameters.documented()}
    names = list(defaults)
    for name in further:
        if name in told:
            raise InputError(f"{place}.{name}: expected it where the file has its own place for it: {_PLACES[name]}")
        if name not in names:
            raise InputError(f"{place}.{name}: unknown; expected one of {', '.join(_free(names)) or 'none'}")
    values = {name: value for name in names if (value := further.get(name) or told.get(name))}
    try:
        rule.Parameters.from_config(values)
        input_parameters({name: value for name, value in {**defaults, **values, **RESERVED}.items() if value})
    except ParameterError as error:
        raise InputError(f"{place}: {error}{_shorter(error, values)}") from None
    return values


def _free(names: Iterable[str]) -> list[str]:
    return [name for name in names if name not in _PLACES]


def _shorter(error: ParameterError, values: Mapping[str, str]) -> str:
    """Say where the longest parameter comes from, where the error is about length."""
    if "shorten" not in str(error):
        return ""
    longest = max(values, key=lambda name: len(values[name]))
    where = _PLACES.get(longest)
    hint = "; one tag or account can stand for many keys" if longest == "ApprovedKeys" else ""
    return f" ({len(values[longest])} characters{f', from {where}' if where else ''}){hint}"


_PLACES: Final = {
    "DataClassTag": "data-class-tag",
    "AcceptedModes": "classes.*.accepts",
    "ApprovedKeys": "defaults.approved-keys and classes.*.approved-keys",
    "BucketKeyRequired": "classes.*.bucket-key",
    "UploadPolicy": "classes.*.uploads",
    "MinimumTlsVersion": "defaults.minimum-tls and classes.*.minimum-tls",
    "MaximumDays": "defaults.rotation-days and classes.*.rotation-days",
    "KeyScope": "keys.scope",
    "KeyScopeTag": "keys.scope-tag",
    "AcceptedServices": "keys.accepted-services",
    "TrustedAccounts": "trusted.accounts",
    "TrustedOrganizations": "trusted.organizations",
    "WriteOnly": "keys.declared[].write-only",
    "WriteOnlyMultipart": "keys.declared[].write-only-multipart",
}
"""Parameter → the part of the guardrails file that gives its value."""


def _told(settings: Guardrails) -> dict[str, str]:
    classes = settings.classes
    return {
        "DataClassTag": settings.data_class_tag,
        "AcceptedModes": ";".join(f"{name}={','.join(each.accepts)}" for name, each in classes.items()),
        "ApprovedKeys": _per_class(
            settings.approved_keys, {name: each.approved_keys for name, each in classes.items()}
        ),
        "BucketKeyRequired": ",".join(name for name, each in classes.items() if each.bucket_key_required),
        "UploadPolicy": ";".join(f"{name}={each.uploads}" for name, each in classes.items() if _strict(each)),
        "MinimumTlsVersion": _per_class(
            _one(settings.minimum_tls), {name: _one(each.minimum_tls) for name, each in classes.items()}
        ),
        "MaximumDays": _per_class(
            _one(settings.rotation_days), {name: _one(each.rotation_days) for name, each in classes.items()}
        ),
        "KeyScope": settings.key_scope,
        "KeyScopeTag": settings.key_scope_tag,
        "AcceptedServices": ",".join(settings.accepted_services),
        "TrustedAccounts": ",".join(settings.trusted_accounts),
        "TrustedOrganizations": ",".join(settings.trusted_organizations),
        "WriteOnly": ",".join(_holders(settings, "write_only")),
        "WriteOnlyMultipart": ",".join(_holders(settings, "write_only_multipart")),
    }


def _strict(each: ClassSettings) -> bool:
    return each.uploads != "outcome"


def _one(value: object) -> tuple[str, ...]:
    return () if value is None else (str(value),)


def _per_class(default: tuple[str, ...], by_class: Mapping[str, tuple[str, ...]]) -> str:
    parts = [",".join(default)] if default else []
    return ";".join((*parts, *(f"{name}={','.join(values)}" for name, values in by_class.items() if values)))


def _holders(settings: Guardrails, duty: str) -> tuple[str, ...]:
    """Return who holds a narrow duty on any key; raise InputError where another key gives them a wider one.

    The rule's parameter knows no single keys, so it would accuse a grant that the file declares.
    """
    found = dict.fromkeys(each for key in settings.declared_keys for each in getattr(key, duty))
    wider = {"write_only": ("users", "readers", "write_only_multipart"), "write_only_multipart": ("users", "readers")}
    for key in settings.declared_keys:
        for other in wider[duty]:
            if clash := next((each for each in getattr(key, other) if each in found), None):
                raise InputError(
                    f"keys.declared: `{clash}` is one of `{duty.replace('_', '-')}` of one key and of "
                    f"`{other.replace('_', '-')}` of `{key.key}`; expected the same duty on every key"
                )
    return tuple(found)
