"""The comparison can fail: whatever is missing, doubled or out of order is counted, in the store and in a view."""

import pytest

from tests.proof.compare import Asked, Logged, Verdict, compare
from tests.proof.view import RoomView

#: Seven events: messages but for the third and the sixth.
LOG = [Logged(seq, f"id-{seq}", seq not in (3, 6)) for seq in range(1, 8)]


def from_the_beginning(seen: list[tuple[int, str]]) -> RoomView:
    view = RoomView("main")
    for seq, event_id in seen:
        view.add_event(seq, event_id)
    return view


def from_a_page() -> RoomView:
    """Came when 5 was the newest, got a page of two, paged back, and saw 6 and 7 happen."""
    view = RoomView("main")
    view.add_page(4, "id-4")
    view.add_page(5, "id-5")
    view.end_page(5)
    assert (view.oldest, view.complete) == (4, False)
    view.add_older([(2, "id-2")], False)
    view.add_older([(1, "id-1")], True)
    view.add_event(6, "id-6")
    view.add_event(7, "id-7")
    assert (view.oldest, view.complete, view.position) == (1, True, 7)
    return view


ALL = [(event.seq, event.id) for event in LOG]


def counts(verdict: Verdict) -> tuple[int, int, int]:
    return len(verdict.lost), len(verdict.doubled), len(verdict.reordered)


def compared(view: RoomView) -> tuple[int, int, int]:
    return counts(compare({"main": LOG}, {"ann": [view]}, {}))


def test_what_is_whole_is_whole() -> None:
    assert compared(from_the_beginning(ALL)) == (0, 0, 0)
    assert compared(from_a_page()) == (0, 0, 0)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ([*ALL[:3], *ALL[4:]], (1, 0, 0)),
        (ALL[:-2], (2, 0, 0)),
        ([], (7, 0, 0)),
        ([*ALL[:4], ALL[3], *ALL[4:]], (0, 1, 0)),
        ([*ALL, ALL[0]], (0, 1, 0)),
        ([*ALL[:3], ALL[4], ALL[3], *ALL[5:]], (0, 0, 1)),
        ([*ALL, (8, "id-8")], (1, 0, 0)),
        ([*ALL[:-1], (7, "another")], (2, 0, 0)),
        ([*ALL[:2], ALL[4], ALL[3], ALL[3], *ALL[5:]], (1, 1, 1)),
    ],
    ids=["a hole", "no end", "nothing", "twice", "again", "swapped", "not stored", "something else", "all at once"],
)
def test_a_view_that_is_wrong_is_counted(seen: list[tuple[int, str]], expected: tuple[int, int, int]) -> None:
    assert compared(from_the_beginning(seen)) == expected


def test_a_page_that_misses_a_message_is_counted() -> None:
    view = RoomView("main")
    view.add_page(1, "id-1")
    view.add_page(4, "id-4")
    view.end_page(7)
    assert compared(view) == (3, 0, 0), "2, 5 and 7; 3 and 6 are no messages"


def test_a_store_that_is_wrong_is_counted() -> None:
    hole = [*LOG[:3], *LOG[4:]]
    assert counts(compare({"main": hole}, {}, {})) == (1, 0, 0)
    twice = [*LOG, Logged(8, "id-2", True)]
    assert counts(compare({"main": twice}, {}, {})) == (0, 1, 0)
    number_twice = [*LOG, Logged(7, "id-8", True)]
    assert counts(compare({"main": number_twice}, {}, {})) == (0, 1, 0)
    in_two_rooms = {"main": LOG, "other": [Logged(1, "id-2", True)]}
    assert counts(compare(in_two_rooms, {}, {})) == (0, 1, 0)


def test_what_was_acknowledged_and_is_not_stored_is_lost() -> None:
    asked = {"id-2": Asked("main", 0, 2), "gone": Asked("main", 1, 5), "never acknowledged": Asked("main", 2, None)}
    assert counts(compare({"main": LOG}, {}, {"ann": asked})) == (1, 0, 0)
    elsewhere = {"id-2": Asked("other", 0, 2)}
    assert counts(compare({"main": LOG, "other": []}, {}, {"ann": elsewhere})) == (1, 0, 0)


def test_what_is_stored_elsewhere_than_acknowledged_is_reordered() -> None:
    assert counts(compare({"main": LOG}, {}, {"ann": {"id-2": Asked("main", 0, 4)}})) == (0, 0, 1)


def test_the_order_of_one_writer_is_kept() -> None:
    asked = {"id-1": Asked("main", 0, 1), "id-4": Asked("main", 2, 4), "id-5": Asked("main", 1, 5)}
    assert counts(compare({"main": LOG}, {}, {"ann": asked})) == (0, 0, 1)
    assert counts(compare({"main": LOG}, {}, {"ann": asked}, {"id-5"})) == (0, 0, 0), "put off by the server"
    assert counts(compare({"main": LOG}, {}, {"ann": asked, "bob": {"id-2": Asked("main", 0, 2)}})) == (0, 0, 1)
