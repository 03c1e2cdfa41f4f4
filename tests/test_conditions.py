"""Which lines a viewer wants: text and patterns, alone and in batches."""

import random
import re

import pytest

from chatapp.logs import literals
from chatapp.logs.conditions import MAX_CHARS, BadCondition, Condition, Filter
from chatapp.logs.lines import Line


def lines_of(*texts: str) -> list[Line]:
    lines, offset = [], 0
    for text in texts:
        lines.append((offset, text.encode()))
        offset += len(text.encode()) + 1
    return lines


LINES = lines_of("one error", "", "Two ERROR", "three Ошибка", "ОШИБКА four", "a+b", "end\r", "x" * 70_000 + "error")


def found(condition: Condition) -> list[int]:
    kept = Filter(condition).select(LINES)
    assert kept == [line for line in LINES if condition.matches(line[1])], "in a batch and alone"
    return [LINES.index(line) for line in kept]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Condition("error"), [0, 7]),
        (Condition("error", case=False), [0, 2, 7]),
        (Condition("ошибка", case=False), [3, 4]),
        (Condition("a+b"), [5]),
        (Condition("A+B", case=False), [5]),
        (Condition("a+b", pattern=True), []),
        (Condition("^(one|end)", pattern=True), [0, 6]),
        (Condition("end$", pattern=True), [6]),
        (Condition("^$", pattern=True), [1]),
        (Condition(r"\Aone", pattern=True), [0]),
        (Condition(r"error\z", pattern=True), [0, 7]),
        (Condition(r"error\sTwo|r[^q]*Two", pattern=True), []),
        (Condition("z*", pattern=True), list(range(8))),
        (Condition("(?-i)ERROR", pattern=True, case=False), [2]),
        (Condition("[a$]$|[$]", pattern=True), []),
        (Condition("nothing like it"), []),
    ],
    ids=lambda value: value.text if isinstance(value, Condition) else None,
)
def test_lines_are_found(condition: Condition, expected: list[int]) -> None:
    assert found(condition) == expected


def test_equal_conditions_are_one_object_to_a_set() -> None:
    assert len({Condition("a"), Condition("a"), Condition("a", case=False), Condition("a", pattern=True)}) == 3
    assert len({Filter(Condition("a"), None), Filter(Condition("a"), None), Filter(None, Condition("a"))}) == 2
    assert not Filter()
    assert Filter(exclude=Condition("a"))


def test_include_and_exclude_together() -> None:
    wanted = Filter(Condition("o", case=False), Condition("error", case=False))
    assert wanted.select(lines_of("one", "one error", "x", "two")) == [(0, b"one"), (16, b"two")]
    assert wanted.passes(b"one")
    assert not wanted.passes(b"one error")
    assert not wanted.passes(b"x")
    assert Filter().select(LINES) is LINES


@pytest.mark.parametrize("text", ["(", "a{1001}", "(?=x)", r"\1", "[z-a]", "*", "(((x{100}){100}){100})", ".{0,900}foo"])
def test_a_bad_pattern_is_answered_with_a_sentence(text: str) -> None:
    with pytest.raises(BadCondition, match=r"^The pattern can't be used: .*\.$") as caught:
        Condition(text, pattern=True)
    assert "(?m" not in str(caught.value)
    Condition(text)  # as text it is fine


@pytest.mark.parametrize("text", ["", "x" * (MAX_CHARS + 1), "a\nb", "\ud800"])
def test_what_no_line_can_hold_is_refused(text: str) -> None:
    with pytest.raises(BadCondition):
        Condition(text)


def test_a_pattern_that_would_take_for_ever_does_not() -> None:
    assert not Condition("(a+)+$", pattern=True).matches(b"a" * 50_000 + b"b")


def test_batches_and_lines_alone_agree_on_random_ones() -> None:
    """Also with Python's own engine, on patterns both understand alike."""
    chance = random.Random(7)
    for _ in range(400):
        texts = ["".join(chance.choices("ab \r", k=chance.randrange(6))).rstrip("\r") for _ in range(chance.randrange(1, 9))]
        pattern = "".join(
            chance.choices(["a", "b", ".", "^", "$", "|", r"\s", "[^a]", "b*", r"\b"], k=chance.randrange(1, 5))
        )
        try:
            expected = re.compile(pattern.encode())
            condition = Condition(pattern, pattern=True)
        except (re.error, BadCondition):
            continue
        lines = lines_of(*texts)
        kept = Filter(condition).select(lines)
        assert kept == [line for line in lines if condition.matches(line[1])], (pattern, texts)
        if "\r" not in "".join(texts):
            assert kept == [line for line in lines if expected.search(line[1])], (pattern, texts)


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("a*b", False, True),
        ("ab", False, False),
        (r"a\*", True, True),
        ("[a*]", True, True),
        ("[^a]", True, True),
        (r"\W", True, True),
        ("a.*b+[0-9]", True, False),
    ],
)
def test_what_can_only_be_found_after_blacking_out(text: str, pattern: bool, expected: bool) -> None:
    assert Condition(text, pattern).may_see_stars is expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("took [0-9]{5,} ms", "took "),
        ("[a-z]+-7 found", "-7 found"),
        (r"status\.code = 5\d\d", "status.code = 5"),
        ("errors?: disk", ": disk"),
        ("abcd*e", "abc"),
        ("abcd+efg", "abcd"),
        ("abcd{0,3}efgh", "efgh"),
        ("(?:one|two) three", " three"),
        ("(one|two)? ?abc", "abc"),
        ("^start.*end$", "start"),
        (r"\[error\]", "[error]"),
        ("日志文件.", "日志文件"),
        ("error|warning", "error warning"),
        ("^(?:a|b)? ?error|x*warning [0-9]|error$", "error warning "),
        ("error|no", ""),
        ("one1|two2|three|four|five", ""),
        ("(?i)error", ""),
        (r"\Qa.b\E", ""),
        (r"\x41bcd", ""),
        ("ab", ""),
        (r"\berror\b", "error"),
        (r"a\d\d\dbc", ""),
        ("[abc]{3}", ""),
        ("x{2}yz", ""),
        ("abc*?def", "def"),
        ("(abc)", ""),
        ("((a)(b|c)def)ghij", "ghij"),
    ],
)
def test_what_every_match_of_a_pattern_holds(pattern: str, expected: str) -> None:
    assert " ".join(literals.needed(pattern)) == expected


def test_what_a_pattern_needs_changes_nothing_of_what_it_finds() -> None:
    """On random patterns and lines, with Python's own engine as the judge."""
    chance = random.Random(29)
    parts = [
        "abc",
        "aab",
        "a?",
        "b*",
        "c+",
        "a{2}",
        "[ab]",
        ".",
        "(ab|c)",
        "(?:c)?",
        "ca",
        "|",
        r"\.",
        "$",
        "^",
        "abca",
        "A",
    ]
    matched = 0
    for _ in range(3000):
        pattern = "".join(chance.choices(parts, k=chance.randrange(1, 6)))
        texts = ["".join(chance.choices("abc.A", k=chance.randrange(12))) for _ in range(chance.randrange(1, 40))]
        case = chance.random() < 0.5
        expected = re.compile(pattern, 0 if case else re.IGNORECASE)
        lines = lines_of(*texts)
        kept = [line for line in lines if expected.search(line[1].decode())]
        matched += len(kept)
        assert Filter(Condition(pattern, pattern=True, case=case)).select(lines) == kept, pattern
    assert matched > 1000
