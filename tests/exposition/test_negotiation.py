"""Which format, escaping and packing a client gets, by what its headers say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.exposition.negotiation import Format, accepts_gzip, content_type, negotiate

PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", Format.TEXT),
        ("*/*", Format.TEXT),
        ("text/html,application/xhtml+xml,*/*;q=0.8", Format.TEXT),
        ("text/plain", Format.TEXT),
        ("text/*", Format.TEXT),
        ("application/*", Format.OPENMETRICS),
        ("application/openmetrics-text", Format.OPENMETRICS),
        ("application/openmetrics-text; version=1.0.0", Format.OPENMETRICS),
        ('application/openmetrics-text; version="1.0.0"', Format.OPENMETRICS),
        ("APPLICATION/OpenMetrics-Text", Format.OPENMETRICS),
        ("application/openmetrics-text; version=0.0.1", Format.TEXT),
        ("application/openmetrics-text;q=0.3, text/plain;q=0.5", Format.TEXT),
        ("application/openmetrics-text;q=0.5, text/plain;q=0.3", Format.OPENMETRICS),
        ("application/openmetrics-text;q=0, */*", Format.TEXT),
        ("text/plain;q=0, */*;q=0.1", Format.OPENMETRICS),
        ("application/json", Format.TEXT),
        ("application/openmetrics-text;q=2, text/plain", Format.TEXT),
        ("application/openmetrics-text;q=nan", Format.TEXT),
        (PROMETHEUS_2, Format.OPENMETRICS),
        (PROMETHEUS_3, Format.OPENMETRICS),
        ("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited", Format.TEXT),
    ],
)
def test_accept_gets(accept: str, form: Format) -> None:
    assert negotiate(accept) is form


TEXT, OPENMETRICS = Format.TEXT.value, Format.OPENMETRICS.value


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", TEXT),
        (PROMETHEUS_2, OPENMETRICS),
        (PROMETHEUS_3, f"{OPENMETRICS}; escaping=allow-utf-8"),
        (PROMETHEUS_3.replace("allow-utf-8", "underscores"), f"{OPENMETRICS}; escaping=underscores"),
        ("text/plain;version=0.0.4;escaping=values", f"{TEXT}; escaping=values"),
        ("text/plain;escaping=dots;q=0.1, text/plain;escaping=values;q=0.2", f"{TEXT}; escaping=values"),
        ("text/plain;version=1.0.0;escaping=allow-utf-8, text/plain;version=0.0.4;q=0.3", TEXT),
        ("application/openmetrics-text;q=0.5, text/plain;escaping=dots;q=0.3", OPENMETRICS),
        ("text/plain;escaping=unheard-of", TEXT),
        ("*/*;escaping=dots", TEXT),
        ("text/plain;escaping=dots;q=0", TEXT),
    ],
)
def test_the_escaping_scheme_that_a_client_asks_for_is_stated(accept: str, expected: str) -> None:
    assert content_type(negotiate(accept), accept) == expected


@pytest.mark.parametrize(
    ("accept_encoding", "yes"),
    [
        ("", False),
        ("gzip", True),
        ("GZIP", True),
        ("gzip, deflate, br", True),
        ("deflate, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip;q=0, *", False),
        ("*", True),
        ("*;q=0", False),
        ("identity", False),
        ("gzip;q=high", False),
    ],
)
def test_gzip_is_sent_where_it_is_accepted(accept_encoding: str, yes: bool) -> None:
    assert accepts_gzip(accept_encoding) is yes


@given(st.text())
def test_any_header_gets_an_answer(header: str) -> None:
    assert content_type(negotiate(header), header).startswith(negotiate(header).value)
    assert accepts_gzip(header) in (True, False)
