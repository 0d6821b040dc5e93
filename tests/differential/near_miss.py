"""Patterns, and texts that match them or almost do."""

from hypothesis import strategies as st

LETTERS = "ab:/x-9"
LITERALS = st.sampled_from(
    [*LETTERS, "A", "ab", "::", "arn:", "$", "{", "}", "é", "\n", "\\", "^", ".", "[", "\u0661", "\x00"]
)
WILD = st.sampled_from(["*", "?", "**", "*?"])
PATTERNS = st.lists(st.one_of(LITERALS, WILD), max_size=7).map("".join)
SEGMENTS = st.sampled_from(["arn", "aws", "a", "*", "?", "", "a*", "*b", "x/*", "1?"])
ARN_PATTERNS = st.lists(SEGMENTS, min_size=1, max_size=8).map(":".join)


@st.composite
def near_misses(draw: st.DrawFn, pattern: str) -> str:
    """A text of the pattern's language, sometimes with one character dropped, doubled, changed or in another case."""
    filled = "".join(
        draw(st.text(LETTERS, max_size=3)) if char == "*" else draw(st.sampled_from(LETTERS)) if char == "?" else char
        for char in pattern
    )
    place = draw(st.integers(0, len(filled)))
    head, char, tail = filled[:place], filled[place : place + 1], filled[place + 1 :]
    changed = [head + tail, head + char * 2 + tail, head + "b" + tail, head + ":" + char + tail, filled.swapcase()]
    return draw(st.sampled_from([filled, filled, *changed]))
