"""A thin layer over cvc5: formulas that fold constants, globs as regular expressions, one-off checks.

A formula is a Python truth value or a Boolean term. Wildcards become `re.*`; nothing here knows of policies.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise
from typing import Any

import cvc5
from cvc5 import Kind

from smt.globs import ANY, NO_COLON, SEGMENT, STAR, STARS, WILD, consumed, cuts, of_account, tokens_of

Term = Any
Formula = Any
"""True, False, or a Boolean term."""

MILLISECONDS = "5000"
"""How long the solver may think about one formula."""


class Undecided(Exception):
    """The solver gave up."""


class Terms:
    """Makes terms; variables of the same name are the same."""

    def __init__(self) -> None:
        self.tm = cvc5.TermManager()
        self.strings, self.reals = self.tm.getStringSort(), self.tm.getRealSort()
        self.booleans, self.integers = self.tm.getBooleanSort(), self.tm.getIntegerSort()
        self._made: dict[Any, Term] = {}
        self._parts: dict[Term, tuple[Term | str, ...]] = {}
        self._seen: dict[Term, frozenset[Term]] = {}
        self._symbols: set[Term] = set()
        self._twelve_digits: set[Term] = set()
        self._segments: set[Term] = set()

    def check(self, formulas: Iterable[Formula], shown: Iterable[Term] = ()) -> dict[str, str] | None:
        """Return the values of some terms where the formulas hold together, None where they cannot."""
        solver = cvc5.Solver(self.tm)
        shown = list(shown)
        solver.setOption("strings-exp", "true")
        solver.setOption("tlimit-per", MILLISECONDS)
        if shown:
            solver.setOption("produce-models", "true")
        solver.setLogic("QF_SLIRA")
        for each in formulas:
            if each is False:
                return None
            if each is not True:
                solver.assertFormula(each)
        result = solver.checkSat()
        if result.isUnknown():
            raise Undecided(str(result))
        return {str(each): str(solver.getValue(each)) for each in shown} if result.isSat() else None

    def relevant(self, core: Formula, rules: Iterable[Formula]) -> list[Formula]:
        """Leave out rules that share no variable with the core, directly or through others: they can be met anyhow."""
        rules = [each for each in rules if each is not True]
        if any(each is False for each in rules):
            return [False]
        wanted, left = set(self._variables(core)), rules
        found = [core, *(each for each in rules if not self._variables(each))]
        while near := [each for each in left if self._variables(each) & wanted]:
            found += near
            left = [each for each in left if not self._variables(each) & wanted]
            wanted = wanted.union(*map(self._variables, near))
        return found

    def _variables(self, formula: Formula) -> frozenset[Term]:
        if isinstance(formula, bool):
            return frozenset()
        if formula not in self._seen:
            parts = [self._variables(each) for each in formula]
            self._seen[formula] = frozenset().union(*parts) if parts else frozenset({formula} & self._symbols)
        return self._seen[formula]

    # variables and constants

    def _var(self, sort: Term, name: str) -> Term:
        if (sort, name) not in self._made:
            self._made[sort, name] = self.tm.mkConst(sort, name)
            self._symbols.add(self._made[sort, name])
        return self._made[sort, name]

    def text(self, name: str) -> Term:
        return self._var(self.strings, name)

    def truth(self, name: str) -> Term:
        return self._var(self.booleans, name)

    def real(self, name: str) -> Term:
        return self._var(self.reals, name)

    def integer(self, name: str) -> Term:
        return self._var(self.integers, name)

    def string(self, text: str) -> Term:
        escaped = "".join(f"\\u{{{ord(char):x}}}" if ord(char) > 126 or char == "\\" else char for char in text)
        term = self.tm.mkString(escaped, useEscSequences=True)
        self._parts[term] = (text,) if text else ()
        return term

    def number(self, value: str) -> Term:
        return self.tm.mkReal(value)

    # formulas

    def both(self, *parts: Formula) -> Formula:
        left = [each for each in parts if each is not True]
        if any(each is False for each in left):
            return False
        return self.tm.mkTerm(Kind.AND, *left) if len(left) > 1 else left[0] if left else True

    def either(self, *parts: Formula) -> Formula:
        left = [each for each in parts if each is not False]
        if any(each is True for each in left):
            return True
        return self.tm.mkTerm(Kind.OR, *left) if len(left) > 1 else left[0] if left else False

    def no(self, part: Formula) -> Formula:
        return not part if isinstance(part, bool) else self.tm.mkTerm(Kind.NOT, part)

    def implies(self, condition: Formula, part: Formula) -> Formula:
        return self.either(self.no(condition), part)

    def same(self, left: Term, right: Term) -> Formula:
        return self.tm.mkTerm(Kind.EQUAL, left, right)

    def is_text(self, term: Term, text: str) -> Formula:
        return self.same(term, self.string(text))

    def among(self, term: Term, texts: Iterable[str]) -> Formula:
        return self.either(*(self.is_text(term, each) for each in texts))

    def compare(self, kind: Kind, left: Term, right: Term) -> Formula:
        return self.tm.mkTerm(kind, left, right)

    # texts

    def joined(self, *parts: Term | str) -> Term:
        """Put texts together, and remember of what."""
        flat: list[Term | str] = []
        for each in parts:
            flat += self._parts.get(each, (each,)) if not isinstance(each, str) else (each,) if each else ()
        terms = [self.string(each) if isinstance(each, str) else each for each in flat]
        if len(terms) < 2:
            return (terms or [self.string("")])[0]
        whole = self.tm.mkTerm(Kind.STRING_CONCAT, *terms)
        self._parts[whole] = tuple(flat)
        return whole

    def starts(self, term: Term, prefix: Term) -> Formula:
        return self.tm.mkTerm(Kind.STRING_PREFIX, prefix, term)

    def ends(self, term: Term, suffix: Term) -> Formula:
        return self.tm.mkTerm(Kind.STRING_SUFFIX, suffix, term)

    def length(self, term: Term) -> Term:
        return self.tm.mkTerm(Kind.STRING_LENGTH, term)

    def empty(self, term: Term) -> Formula:
        return self.is_text(term, "")

    # regular expressions

    def within(self, term: Term, regex: Term) -> Formula:
        return self.tm.mkTerm(Kind.STRING_IN_REGEXP, term, regex)

    def regex(self, tokens: Sequence[str], *, fold: bool = False) -> Term:
        """Turn a glob's tokens into a regular expression."""
        key = (tuple(tokens), fold)
        if key not in self._made:
            pieces: list[Term] = []
            for wild, run in groupby(tokens, key=lambda token: token in WILD):
                several = list(run)
                pieces += [self._wild(each) for each in several] if wild else self._literal("".join(several), fold)
            self._made[key] = self.chain(*pieces)
        return self._made[key]

    def _wild(self, token: str) -> Term:
        one = self.no_char(":") if token in NO_COLON else self.tm.mkTerm(Kind.REGEXP_ALLCHAR)
        return self.star(one) if token in STARS else one

    def glob(self, pattern: str) -> Term:
        return self.regex(tokens_of(pattern))

    def _literal(self, text: str, fold: bool) -> list[Term]:
        if not fold:
            return [self.exactly(text)]
        return [self.any_of(*{char.lower(), char.upper()}) for char in text]

    def exactly(self, text: str) -> Term:
        return self.tm.mkTerm(Kind.STRING_TO_REGEXP, self.string(text))

    def any_of(self, *texts: str) -> Term:
        terms = [self.exactly(each) for each in sorted(texts)]
        return self.tm.mkTerm(Kind.REGEXP_UNION, *terms) if len(terms) > 1 else terms[0]

    def union(self, *regexes: Term) -> Term:
        return self.tm.mkTerm(Kind.REGEXP_UNION, *regexes)

    def no_char(self, char: str) -> Term:
        return self.no_chars(char)

    def no_chars(self, chars: str) -> Term:
        """Any character but these."""
        codes = [-1, *sorted(map(ord, chars)), 0x30000]
        ends = [(one + 1, other - 1) for one, other in pairwise(codes) if one + 1 < other]
        ranges = [self.tm.mkTerm(Kind.REGEXP_RANGE, *(self._character(each) for each in pair)) for pair in ends]
        return self.tm.mkTerm(Kind.REGEXP_UNION, *ranges)

    def _character(self, code: int) -> Term:
        return self.tm.mkString(f"\\u{{{code:x}}}", useEscSequences=True)

    def star(self, regex: Term) -> Term:
        return self.tm.mkTerm(Kind.REGEXP_STAR, regex)

    def chain(self, *pieces: Term) -> Term:
        return self.tm.mkTerm(Kind.REGEXP_CONCAT, *pieces) if len(pieces) > 1 else (pieces or [self.exactly("")])[0]

    def digits(self, count: int) -> Term:
        digit = self.tm.mkTerm(Kind.REGEXP_RANGE, self.string("0"), self.string("9"))
        return self.chain(*[digit] * count)

    # matching texts that are put together from parts

    def matches(self, term: Term, tokens: Sequence[str], *, fold: bool = False) -> Formula:
        """Does the text match? What is put together from parts is matched part by part, which is easier to solve."""
        return self._matches(self._parts.get(term, (term,)), tuple(tokens), fold)

    def _matches(self, parts: tuple[Term | str, ...], tokens: tuple[str, ...], fold: bool) -> Formula:
        if not parts:
            return all(each in STARS for each in tokens)
        head, rest = parts[0], parts[1:]
        if isinstance(head, str):
            return self.either(*(self._matches(rest, left, fold) for left in consumed(tokens, head, fold=fold)))
        if not rest:
            return self._single(head, tokens, fold)
        ways = []
        for cut, left in cuts(tokens):
            here = self._fitting(head, cut)
            later = here is not None and self._matches(rest, left, fold)
            if here is not None and later is not False:
                ways.append(self.both(self._single(head, here, fold), later))
        return self.either(*ways)

    def _fitting(self, term: Term, tokens: tuple[str, ...]) -> tuple[str, ...] | None:
        """Simplify tokens by what is known of the text; None where it cannot match."""
        if term in self._twelve_digits:
            return of_account(tokens)
        return None if term in self._segments and ":" in tokens else tokens

    def _single(self, term: Term, tokens: tuple[str, ...], fold: bool) -> Formula:
        if not any(each in WILD for each in tokens) and not fold:
            return self.is_text(term, "".join(tokens))
        anything = [(STAR,)]
        anything += [(SEGMENT,)] if term in self._segments else []
        anything += [(ANY,) * 12] if term in self._twelve_digits else []
        if tokens in anything:
            return True
        return self.within(term, self.regex(tokens, fold=fold))

    def segment(self, name: str) -> tuple[Term, Formula]:
        """Return a text without colons, and the rule that it has none."""
        term = self.text(name)
        self._segments.add(term)
        return term, self.within(term, self.star(self.no_char(":")))

    def account(self, name: str) -> tuple[Term, Formula]:
        """Return a text of twelve digits, and the rule that it is one."""
        term = self.text(name)
        self._twelve_digits.add(term)
        return term, self.within(term, self.digits(12))

    # numbers

    def at_least(self, term: Term, number: str) -> Formula:
        real = term if term.getSort() == self.reals else self.as_real(term)
        return self.tm.mkTerm(Kind.GEQ, real, self.tm.mkReal(number))

    def as_real(self, term: Term) -> Term:
        return self.tm.mkTerm(Kind.TO_REAL, term)

    def between(self, term: Term, low: int, high: int) -> Formula:
        parts = ((Kind.GEQ, low), (Kind.LEQ, high))
        return self.both(*(self.tm.mkTerm(kind, term, self.tm.mkInteger(str(value))) for kind, value in parts))
