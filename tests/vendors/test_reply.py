import json
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.vendors.values import read_end, read_flag, read_id, read_number, read_percent, read_text, read_time

HUGE = 10**400
TOO_LONG = pytest.param(10**5000, id="5000 digits")
READERS = [read_number, read_percent, read_time, read_end, read_text, read_flag, read_id]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (0, 0.0),
        (-0.0, 0.0),
        (12, 12.0),
        (-2.5, -2.5),
        (2**53 + 1, 2.0**53),
        ("12.5", 12.5),
        ("-12.5", -12.5),
        ("+7", 7.0),
        ("007", 7.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("1E-3", 0.001),
        ("9" * 64, 1e64),
    ],
)
def test_a_number_is_a_finite_one_or_ascii_digits(value: object, number: float) -> None:
    assert read_number(value) == pytest.approx(number, rel=1e-15)


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -math.inf,
        json.loads("1e400"),
        HUGE,
        -HUGE,
        True,
        False,
        None,
        [],
        {},
        b"1",
        "",
        " ",
        ".",
        "-",
        "e5",
        "1e400",
        "1e9999",
        "NaN",
        "Infinity",
        "inf",
        "12,5",
        "12.5%",
        "1_000",
        "1 000",
        " 12",
        "12 ",
        "12\n",
        "0x10",
        "\uff11\uff12",
        "\u0661\u0662",
        "N/A",
        "9" * 65,
    ],
)
def test_what_is_no_finite_number_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="expected a"):
        read_number(value)


@pytest.mark.parametrize(
    ("value", "ratio"),
    [("41.33", 0.4133), ("41.33%", 0.4133), (41.33, 0.4133), ("0", 0.0), ("0%", 0.0), (150, 1.5), ("-5%", -0.05)],
)
def test_a_percentage_is_a_ratio(value: object, ratio: float) -> None:
    assert read_percent(value) == pytest.approx(ratio)


def test_an_empty_percentage_says_nothing() -> None:
    assert read_percent("") is None


@pytest.mark.parametrize("value", ["%", "41.33%%", "41.33 %", "%41", " ", None, True, [], "NaN%", math.nan])
def test_what_is_no_percentage_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="expected a"):
        read_percent(value)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T10:30", datetime(2026, 11, 1, 10, 30, tzinfo=UTC)),
        ("2026-11-01 10:30:05", datetime(2026, 11, 1, 10, 30, 5, tzinfo=UTC)),
        ("2026-11-01T10:30:05Z", datetime(2026, 11, 1, 10, 30, 5, tzinfo=UTC)),
        ("2026-11-01T10:30:05.250Z", datetime(2026, 11, 1, 10, 30, 5, 250_000, UTC)),
        ("2026-11-01T10:30:05+02:00", datetime(2026, 11, 1, 8, 30, 5, tzinfo=UTC)),
        ("2026-12-31T23:30:00-01:00", datetime(2027, 1, 1, 0, 30, tzinfo=UTC)),
        ("2028-02-29", datetime(2028, 2, 29, tzinfo=UTC)),
        ("0002-01-01", datetime(2, 1, 1, tzinfo=UTC)),
        ("9999-12-31", datetime(9999, 12, 31, tzinfo=UTC)),
    ],
)
def test_a_time_is_utc_where_it_does_not_say_otherwise(value: str, moment: datetime) -> None:
    assert read_time(value) == moment
    assert read_time(value).utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "soon",
        "2026-11",
        "20261101",
        "2026-W45-1",
        "2026-13-01",
        "2026-02-29",
        "2026-11-01T24:30",
        "2026-11-01T10:30:61",
        "2026-11-01T10",
        "2026-11-01Z",
        "2026-11-01\n",
        " 2026-11-01",
        "\uff12026-11-01",
        "10000-01-01",
        "0000-01-01",
        "0001-01-01",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00+23:59",
        "9999-12-31T23:59-23:59",
        1793491200,
        1793491200.5,
        True,
        None,
        [],
    ],
)
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_time(value)


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("a", "a"),
        ("007", "007"),
        (" ", " "),
        (7, "7"),
        (-7, "-7"),
        (7.0, "7"),
        (-0.0, "0"),
        (2**64, str(2**64)),
        (1e21, "1000000000000000000000"),
    ],
)
def test_an_identifier_is_text_or_a_whole_number(value: object, key: str) -> None:
    assert read_id(value) == key


@pytest.mark.parametrize("value", ["", None, True, False, 7.5, math.nan, math.inf, TOO_LONG, [], {}, b"a"])
def test_what_is_no_identifier_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_id(value)


@pytest.mark.parametrize("value", [None, 1, 1.5, True, [], {}])
def test_text_is_not_made_of_something_else(value: object) -> None:
    assert read_text("") == ""
    with pytest.raises(ValueError, match="expected a string"):
        read_text(value)


@pytest.mark.parametrize("value", [None, 0, 1, "true", "false", "", [], {}])
def test_a_flag_is_not_made_of_something_else(value: object) -> None:
    assert (read_flag(True), read_flag(False)) == (True, False)
    with pytest.raises(ValueError, match="expected true or false"):
        read_flag(value)


@pytest.mark.parametrize("read", READERS)
@given(value=JSON)
def test_nothing_but_value_error_comes_of_reading_a_value(read: Callable[[object], object], value: object) -> None:
    try:
        result = read(value)
    except ValueError:
        return
    assert not isinstance(result, float) or math.isfinite(result)


@pytest.mark.parametrize("read", READERS)
@given(text=st.text(alphabet="0123456789+-.eE%TZ: \n\u0663\uff13"))
def test_nothing_but_value_error_comes_of_reading_what_nearly_is(read: Callable[[object], object], text: str) -> None:
    try:
        read(text)
    except ValueError:
        return


@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_a_finite_number_is_the_same_as_its_text(value: float) -> None:
    assert read_number(value) == read_number(str(value)) == value


@given(moment=st.datetimes().filter(lambda moment: moment.year > 1))
def test_a_time_is_the_same_as_its_text(moment: datetime) -> None:
    assert read_time(moment.isoformat()) == moment.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "end"),
    [
        ("2026-11-28", datetime(2026, 11, 29, tzinfo=UTC)),
        ("2026-11-28T00:00:00.000Z", datetime(2026, 11, 28, tzinfo=UTC)),
        ("2026-11-28T12:00:00+02:00", datetime(2026, 11, 28, 10, tzinfo=UTC)),
    ],
)
def test_what_ends_on_a_day_ends_with_it(value: str, end: datetime) -> None:
    assert read_end(value) == end


def test_no_end_is_after_the_last_day_that_there_is() -> None:
    with pytest.raises(ValueError, match="9999"):
        read_end("9999-12-31")
