"""The errors of the package, one tree.

GuardrailError
├── PolicySyntaxError        a policy document is not one: where, and what was expected
├── ConfigurationItemError   a configuration item lacks or contradicts what every rule needs
├── ParameterError           a rule parameter is not one of the values it may have
├── MalformedRule            a rule module breaks the catalogue's contract (at import, for developers)
├── UnreadableFact           a rule touched a fact that could not be obtained
│   └── WantedFact           a rule would like a fact, and can decide without it
├── InputError               a file or argument of the command line is not usable
├── LiveReadFailed           a service did not answer, or a listing would be partial
├── EvaluationFailed         an AWS Config invocation must fail visibly
└── ChangeFailed             a remediation did not end as it must: refused, changed meanwhile, not compliant

None derives from ValueError, KeyError or ClientError: rdklib answers those with a dictionary and the invocation would
count as a success. A message says where and what was expected; no capital, no full stop, user text in backticks.
"""


class GuardrailError(Exception):
    """Base of every error that this package raises on purpose."""


class PolicySyntaxError(GuardrailError):
    """A policy document is malformed. `path` is the place, such as ``Statement[2].Condition``."""

    def __init__(self, path: str, expected: str) -> None:
        """Keep the place and the expectation apart, so that a caller can show either."""
        super().__init__(f"{path}: {expected}" if path else expected)
        self.path = path
        self.expected = expected


class ConfigurationItemError(GuardrailError):
    """A configuration item lacks or contradicts what every rule needs."""


class ParameterError(GuardrailError):
    """A rule parameter is not one of the values it may have."""


class MalformedRule(GuardrailError):
    """A rule module breaks the catalogue's contract."""


class UnreadableFact(GuardrailError):
    """A rule touched a fact that could not be obtained; the base class of the rules turns it into UNDETERMINED."""

    def __init__(self, fact: str, reason: str) -> None:
        """Name the fact (`bucket policy`) and the reason (`AccessDenied`)."""
        super().__init__(f"{fact}: {reason}")
        self.fact = fact
        self.reason = reason


class WantedFact(UnreadableFact):
    """A rule would like a fact that was not read yet, and can decide without it."""


class InputError(GuardrailError):
    """A file or argument of the command line is not usable."""


class LiveReadFailed(GuardrailError):
    """A service did not answer (throttled, broken, unreachable, bad credentials), or a listing would be partial.

    It says nothing about a resource, so nobody may turn it into a verdict.
    """


class EvaluationFailed(GuardrailError):
    """An AWS Config invocation must fail visibly instead of reporting nothing."""


class ChangeFailed(GuardrailError):
    """A remediation did not end as it must. `code` is stable: `REFUSED`, `STATE_CHANGED`, `WRITE_REFUSED`, …."""

    def __init__(self, code: str, sentence: str) -> None:
        """Keep the code apart from the sentence."""
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence
