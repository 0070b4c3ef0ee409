"""Small texts from outside, near what they should be: Retry-After, Accept, Accept-Encoding, labels."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from hypothesis import assume, example, given
from hypothesis import strategies as st

from exporter.client.retry import LONGEST_ASKED_WAIT_SECONDS, retry_after
from exporter.exposition.negotiation import Format, accepts_gzip, negotiate
from exporter.metrics import MAX_LABEL_CHARACTERS, clean_label

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MOMENTS = st.integers(-100_000, 100_000).map(lambda seconds: NOW + timedelta(seconds=seconds))
FORMS = (
    lambda moment: format_datetime(moment, usegmt=True),
    lambda moment: f"{moment:%A, %d-%b-%y %H:%M:%S GMT}",
    lambda moment: f"{moment:%a %b %e %H:%M:%S %Y}",
)
"""The three dates of HTTP: today's, RFC 850's, and C's asctime."""
DATE_PIECES = st.sampled_from(
    (
        *(
            "Sat, ",
            "21 ",
            "Nov ",
            "2026 ",
            "12:00:45",
            " GMT",
            " +0000",
            " -2400",
            " +9999999999",
            "99999 ",
            "0 ",
            "-1 ",
        ),
        *(
            "12:61:00",
            "24:00:00",
            "12.00.45",
            " (",
            ")",
            ",",
            "\u0663 ",
            "1e3",
            ":",
            "-",
            "9" * 5000,
            "Feb 30 ",
            "\x00",
        ),
    )
)
QUALITIES = st.sampled_from([0.0, 0.001, 0.1, 0.25, 0.5, 0.75, 1.0])
KINDS = {Format.OPENMETRICS: "application/openmetrics-text", Format.TEXT: "text/plain"}
VERSIONS = {Format.OPENMETRICS: "1.0.0", Format.TEXT: "0.0.4"}
RANGES = st.sampled_from([*KINDS.values(), "application/*", "text/*", "*/*", "text/html", "application/json"])
OFFERS = st.lists(
    st.tuples(RANGES, st.sampled_from(["", "1.0.0", "0.0.4", "0.0.1"]), QUALITIES),
    max_size=6,
    unique_by=lambda offer: offer[:2],
)


@given(until=MOMENTS, sent=MOMENTS, form=st.sampled_from(FORMS), other=st.sampled_from(FORMS))
def test_a_date_in_any_form_of_http_asks_for_the_time_between(
    until: datetime, sent: datetime, form: object, other: object
) -> None:
    assert callable(form)
    assert callable(other)
    asked = (until - sent).total_seconds()

    seconds = retry_after({"retry-after": form(until), "date": other(sent)}, NOW - timedelta(days=9))

    assert seconds == (min(asked, LONGEST_ASKED_WAIT_SECONDS) if asked > 0 else None)


@given(st.lists(DATE_PIECES, max_size=9).map("".join), st.lists(DATE_PIECES, max_size=9).map("".join))
@example("Sat, 21 Nov 2026 12:00:45 +9999999999", "")
@example("9" * 5000, "9" * 5000)
def test_what_is_nearly_a_date_is_understood_or_ignored(value: str, date: str) -> None:
    seconds = retry_after({"retry-after": value, "date": date}, NOW)

    assert seconds is None or 0 <= seconds <= LONGEST_ASKED_WAIT_SECONDS


@given(st.integers(0, 10**12 - 1))
def test_seconds_are_those_that_are_written_up_to_an_hour(seconds: int) -> None:
    assert retry_after({"retry-after": str(seconds)}, NOW) == min(seconds, 3600)


def written(offers: list[tuple[str, str, float]], space: str = "", quote: str = "") -> str:
    return f",{space}".join(
        f"{kind}{f';{space}version={quote}{version}{quote}' if version else ''};{space}q={quality}"
        for kind, version, quality in offers
    )


def liked(offers: list[tuple[str, str, float]], form: Format) -> tuple[float, int]:
    """Return how much a format is liked, by the closest range that names it, and how close that is."""
    kind, of = KINDS[form], VERSIONS[form]
    closeness = {kind: 3, f"{kind.partition('/')[0]}/*": 2, "*/*": 1}
    meant = [(name, quality) for name, version, quality in offers if name in closeness and version in ("", of)]
    found = [(closeness[name], quality) for name, quality in meant]
    rank, quality = max(found, default=(0, 0.0))
    return quality, rank


@given(OFFERS, st.randoms(use_true_random=False), st.sampled_from(["", " ", "\t "]), st.sampled_from(["", '"']))
def test_the_format_is_the_one_that_is_liked_best_however_that_is_written(
    offers: list[tuple[str, str, float]], order: object, space: str, quote: str
) -> None:
    scores = {form: liked(offers, form) for form in Format}
    best = max(Format, key=lambda form: (scores[form], form is Format.TEXT))
    expected = best if scores[best][0] > 0 else Format.TEXT
    shuffled = list(offers)
    order.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random of hypothesis'

    assert negotiate(written(offers)) is expected
    assert negotiate(written(shuffled, space, quote).upper()) is expected


@given(st.dictionaries(st.sampled_from(["gzip", "*", "br", "identity", "deflate", ""]), QUALITIES, max_size=5))
def test_gzip_is_sent_only_where_its_own_word_or_any_allows_it(qualities: Mapping[str, float]) -> None:
    header = ", ".join(f"{name};q={quality}" for name, quality in qualities.items())

    assert accepts_gzip(header) is (qualities.get("gzip", qualities.get("*", 0.0)) > 0)


@given(st.text(st.sampled_from(',;=/*"q0.1e-9 textplainapcogzi\x00\xff\u0663'), max_size=200))
@example("text/plain" * 1000)
@example(";" * 16_000)
@example("," * 16_000)
@example("text/plain;q=1e400")
def test_a_header_of_the_right_characters_gets_an_answer(header: str) -> None:
    assert negotiate(header) in Format
    assert accepts_gzip(header) in (True, False)


@given(st.text(), st.text(), st.text(min_size=MAX_LABEL_CHARACTERS, max_size=MAX_LABEL_CHARACTERS))
def test_labels_that_differ_stay_different_and_those_that_are_fit_stay_the_same(one: str, two: str, begin: str) -> None:
    fit = [text for text in (one, two) if all(character.isprintable() for character in text)]
    assert [clean_label(text) for text in fit if len(text) <= MAX_LABEL_CHARACTERS] == fit
    assume(one != two)

    assert clean_label(begin + one) != clean_label(begin + two)


@given(st.text(st.characters() | st.characters(categories=["Cc", "Cs"]), max_size=600))
def test_a_label_has_no_character_that_ends_a_line_or_has_no_code_but_the_escaped_newline(label: str) -> None:
    cleaned = clean_label(label)

    assert cleaned.encode().decode() == cleaned
    assert all(character == "\n" or not (character < " " or "\x7f" <= character <= "\x9f") for character in cleaned)
    assert len(cleaned) == min(len(label), MAX_LABEL_CHARACTERS)
