"""A day's samples as text."""

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from exporter.history.samples import FAMILIES, DaySamples
from exporter.metrics.quota import QUOTA_CONSUMED, QUOTA_USED

TIMES = range(0, 50, 10)


def text(labels: dict[str, str], *shown: tuple[int, dict[str, str]]) -> str:
    day = DaySamples(labels)
    for step, lines in shown:
        day.show(step, {QUOTA_USED: lines.get("used", ""), QUOTA_CONSUMED: lines.get("consumed", "")})
    return "".join(day.text(TIMES))


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ([(0, {"used": 'u{a="1"} 5.0\n'})], {"u": [(0, 5), (10, 5), (20, 5), (30, 5), (40, 5)]}),
        ([(2, {"used": 'u{a="1"} 5.0\n'})], {"u": [(20, 5), (30, 5), (40, 5)]}),
        ([(2, {"used": 'u{a="1"} 5.0\n'}), (3, {"used": 'u{a="1"} 6.0\n'})], {"u": [(20, 5), (30, 6), (40, 6)]}),
        ([(0, {"used": 'u{a="1"} 5.0\n'}), (1, {})], {"u": [(0, 5)]}),
        ([(0, {"used": 'u{a="1"} 5.0\n'}), (1, {}), (4, {"used": 'u{a="1"} 7.0\n'})], {"u": [(0, 5), (40, 7)]}),
        ([(0, {"used": 'u{a="1"} 5.0\n'}), (0, {"used": 'u{a="1"} 6.0\n'}), (1, {})], {"u": [(0, 6)]}),
        ([(0, {"used": 'u{a="b c} 1"} 5.0\n'}), (1, {})], {"u": [(0, 5)]}),
        ([(0, {})], {}),
    ],
    ids=str,
)  # fmt: skip
def test_a_figure_stands_until_the_next(
    shown: list[tuple[int, dict[str, str]]], expected: dict[str, list[tuple[int, float]]]
) -> None:
    lines = [line.rsplit(" ", 2) for line in text({}, *shown).splitlines() if not line.startswith("#")]

    assert {"u": [(int(at), float(value)) for _, value, at in lines]} == {"u": [], **expected}


def test_labels_are_added_and_a_parser_reads_it() -> None:
    consumed = 'usage_quota_consumed_total{account="acme"} 3.0\n'
    written = text(
        {"job": 'a"b', "instance": "h:1"}, (3, {"used": 'usage_quota_used{account="acme"} 5.0\n', "consumed": consumed})
    )

    families = {one.name: one for one in text_string_to_metric_families(written)}  # type: ignore[no-untyped-call]

    assert list(families) == [
        one.name.removesuffix("_total") for one in FAMILIES if one in (QUOTA_USED, QUOTA_CONSUMED)
    ]
    assert families["usage_quota_consumed"].type == "counter"
    assert families["usage_quota_consumed"].samples[0].labels == {"job": 'a"b', "instance": "h:1", "account": "acme"}
    assert written.endswith("# EOF\n")


def test_a_day_without_figures_is_no_file() -> None:
    assert text({}, (0, {})) == ""
    assert text({}) == ""
