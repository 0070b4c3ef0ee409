"""The same questions asked of each way to page: repeats, lists without end, links elsewhere, pages that fail, moves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import anyio
import pytest

from exporter.errors import Conflict, Malformed, PollError, ServerFailed
from exporter.vendors.paging import ByCursor, ByLink, ByOffset, ByPage, Following, PageInfo, Pages, Question

ROWS = list("abcdefg")
SIZE = 3


@dataclass
class List:
    """A vendor's list, three rows a page, by one of the ways."""

    rows: list[str] = field(default_factory=lambda: list(ROWS))
    asked: list[Question] = field(default_factory=list)
    before_page: Callable[["List", int], None] = lambda _list, _number: None

    async def page(self, question: Question) -> tuple[list[str], PageInfo]:
        self.asked.append(question)
        self.before_page(self, len(self.asked))
        place: Mapping[str, object] = question.params or question.body or {}
        start = int(str(place.get("offset", place.get("cursor", 0)))) or (int(str(place.get("page", 1))) - 1) * SIZE
        rows = self.rows[start : start + SIZE]
        end = start + SIZE
        more = end < len(self.rows)
        link = f"https://elsewhere.example/other?cursor={end}" if more else None
        return rows, PageInfo(len(rows), (link if self.has_link else str(end) if more else None))

    has_link: bool = False


WAYS: dict[str, tuple[Following, Question]] = {
    "link": (ByLink(), Question("/list")),
    "cursor": (ByCursor("cursor"), Question("/list")),
    "cursor in the body": (ByCursor("cursor", in_body=True), Question("/list", body={"all": True})),
    "offset": (ByOffset("offset"), Question("/list", {"offset": "0"})),
    "offset of a known size": (ByOffset("offset", SIZE), Question("/list", {"offset": "0"})),
    "page": (ByPage("page"), Question("/list", {"page": "1"})),
    "page of a known size": (ByPage("page", size=SIZE), Question("/list", {"page": "1"})),
}
every_way = pytest.mark.parametrize("way", WAYS)


def read(way: str, vendor: List, most: int = 100) -> list[str]:
    following, first = WAYS[way]
    vendor.has_link = way == "link"

    async def main() -> list[str]:
        found: list[str] = []
        async for rows, _ in Pages(following, most).read(
            first, vendor.page, lambda page: page[0], lambda page: page[1]
        ):
            found += rows
        return found

    return anyio.run(main)


@every_way
def test_every_row_is_read(way: str) -> None:
    assert list(dict.fromkeys(read(way, List()))) == ROWS


@every_way
def test_an_empty_list_is_one_question(way: str) -> None:
    vendor = List([])

    assert (read(way, vendor), len(vendor.asked)) == ([], 1)


@every_way
def test_only_a_query_or_a_body_is_taken_from_an_answer(way: str) -> None:
    vendor = List()
    read(way, vendor)

    assert {question.path for question in vendor.asked} == {"/list"}
    assert {name for question in vendor.asked for name in question.params} <= {"cursor", "offset", "page"}


@every_way
def test_a_page_without_news_ends_the_list(way: str) -> None:
    def repeat(vendor: List, _: int) -> None:
        vendor.rows = list("abc") * 1000

    vendor = List(before_page=repeat)

    assert set(read(way, vendor)) == set("abc")
    assert len(vendor.asked) == 2


def read_scripted(following: Following, pages: Mapping[str, tuple[str, PageInfo]]) -> list[str]:
    """Read a list of which each page is said by its query."""

    async def ask(question: Question) -> tuple[str, PageInfo]:
        return pages["&".join(f"{name}={value}" for name, value in question.params.items())]

    async def main() -> list[str]:
        found = Pages(following).read(Question("/list"), ask, lambda page: page[0], lambda page: page[1])
        return [row async for rows, _ in found for row in rows]

    return anyio.run(main)


@pytest.mark.parametrize("following", [ByCursor("page"), ByLink()], ids=["cursor", "link"])
def test_an_empty_page_that_leads_to_another_is_not_the_last(following: Following) -> None:
    def leads_to(number: int) -> str:
        return str(number) if isinstance(following, ByCursor) else f"/list?page={number}"

    pages = {
        "": ("ab", PageInfo(2, leads_to(2))),
        "page=2": ("", PageInfo(0, leads_to(3))),
        "page=3": ("c", PageInfo(1, leads_to(4))),
        "page=4": ("", PageInfo(0, leads_to(4))),
    }

    assert read_scripted(following, pages) == ["a", "b", "c"]
    with pytest.raises(Malformed, match="does not say where"):
        read_scripted(following, {**pages, "page=4": ("", PageInfo(0, leads_to(4), more=True))})


def test_an_empty_page_that_says_there_are_more_is_followed_by_the_next_number() -> None:
    pages = {
        "": ("", PageInfo(0, more=True)),
        "page=2": ("a", PageInfo(1, more=True)),
        "page=3": ("", PageInfo(0, more=True)),
        "page=4": ("b", PageInfo(1, more=False)),
    }

    assert read_scripted(ByPage("page"), pages) == ["a", "b"]


def test_a_page_without_new_rows_is_the_last_whatever_it_says() -> None:
    again = {"": ("ab", PageInfo(2, "2", more=True)), "page=2": ("ab", PageInfo(2, "3", more=True))}
    overlap = {"": ("ab", PageInfo(2, more=True)), "page=1": ("b", PageInfo(1, more=True))}

    assert read_scripted(ByCursor("page"), again) == ["a", "b", "a", "b"]
    assert read_scripted(ByOffset("page"), overlap) == ["a", "b", "b"]


@pytest.mark.parametrize("link", ["/list/2", "https://elsewhere.example/x", "https://api.example/list?"])
def test_a_link_without_a_query_is_no_reading(link: str) -> None:
    with pytest.raises(Malformed, match="the next page's link has no query"):
        read_scripted(ByLink(), {"": ("ab", PageInfo(2, link))})


@every_way
def test_a_list_without_end_is_no_reading(way: str) -> None:
    def grow(vendor: List, _: int) -> None:
        vendor.rows += [f"{len(vendor.rows)}-{number}" for number in range(SIZE)]

    vendor = List(before_page=grow)

    with pytest.raises(Malformed, match="an endless list: more than 20 pages"):
        read(way, vendor, most=20)
    assert len(vendor.asked) == 20


@every_way
def test_a_page_that_fails_fails_the_list(way: str) -> None:
    def fail(_: List, number: int) -> None:
        if number == 2:
            raise ServerFailed("HTTP 500")

    with pytest.raises(ServerFailed):
        read(way, List(before_page=fail))


@pytest.mark.parametrize("way", ["offset", "offset of a known size"])
def test_rows_that_move_up_while_a_list_is_read_are_no_reading(way: str) -> None:
    def leave(vendor: List, number: int) -> None:
        if number == 2:
            del vendor.rows[0:2]

    with pytest.raises(Conflict, match="shifted while it was read"):
        read(way, List(before_page=leave))


@pytest.mark.parametrize("way", ["offset", "offset of a known size"])
def test_rows_that_move_down_cost_nothing(way: str) -> None:
    def come(vendor: List, number: int) -> None:
        if number == 2:
            vendor.rows.insert(0, "new")

    assert set(read(way, List(before_page=come))) >= set(ROWS)


@pytest.mark.parametrize(
    ("following", "said"),
    [
        (ByLink(), PageInfo(1, 7.5)),
        (ByLink(), PageInfo(1, "http://[::1")),
        (ByLink(), PageInfo(1, "?" + "&".join(f"p{number}=1" for number in range(1000)))),
        (ByLink(), PageInfo(1, "x" * 10_000)),
        (ByCursor("cursor"), PageInfo(1, ["x"])),
        (ByCursor("cursor"), PageInfo(1, True)),
        (ByCursor("cursor"), PageInfo(1, "two\nlines")),
        (ByCursor("cursor"), PageInfo(1, None, more=True)),
        (ByLink(), PageInfo(1, "", more=True)),
    ],
)
def test_a_next_page_that_cannot_be_asked_for_is_no_reading(following: Following, said: PageInfo) -> None:
    async def page(_: Question) -> PageInfo:
        return said

    async def main() -> None:
        async for _ in Pages(following).read(Question("/list"), page, lambda _: ["a"], lambda one: one):
            pass

    with pytest.raises(PollError) as caught:
        anyio.run(main)
    assert isinstance(caught.value, Malformed)
    assert caught.value.asked == "GET /list"


@pytest.mark.parametrize(
    ("said", "is_last"),
    [
        (PageInfo(2), True),
        (PageInfo(2, more=True), False),
        (PageInfo(3, more=False), True),
        (PageInfo(3), False),
        (PageInfo(2, is_partial=True), False),
    ],
)
def test_a_short_page_is_the_last_unless_it_says_otherwise_or_lacks_rows(said: PageInfo, is_last: bool) -> None:
    following = ByPage("page", size=SIZE)

    assert (said.more is False or following.next(Question("/list"), said) is None) == is_last
