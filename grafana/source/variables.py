"""A board's variables, in this order: data source, job, instance, and then those of the board."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders.dashboard import DatasourceVariable, QueryVariable
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import VariableRefresh, VariableSort

from grafana.source.promql import chosen, series

SOURCE: Final = DataSourceRef(type_val="prometheus", uid="${datasource}")
ALL: Final = ".+"

LABELS: Final = {
    "vendor": "Vendor",
    "account": "Account",
    "quota": "Quota",
    "subject": "Subject",
    "contract": "Contract",
    "unit": "Unit",
    "customer_id": "Customer",
    "product": "Product",
}


def variables(
    metric: str, *labels: str, fixed: tuple[str, ...] = (), everything: bool = True
) -> list[QueryVariable | DatasourceVariable]:
    """Return a board's variables.

    Args:
        metric: has the labels that the board chooses by.
        labels: those labels, the widest first; each is chosen among what those before it leave.
        fixed: matchers of the metric that hold for the whole board.
        everything: whether a board may show all at once, which it then does at first.

    """
    return [
        DatasourceVariable("datasource").label("Data source").type("prometheus"),
        choice("job", "Job", "usage_exporter_build_info"),
        choice("instance", "Instance", 'usage_exporter_build_info{job=~"$job"}'),
        *(
            choice(label, LABELS[label], series(metric, *fixed, *chosen(*labels[:place])), everything=everything)
            for place, label in enumerate(labels)
        ),
    ]


def choice(name: str, label: str, series_of: str, *, of: str = "", everything: bool = True) -> QueryVariable:
    """Return a variable.

    Args:
        name: what queries call it.
        label: what people read.
        series_of: a selector of the series whose labels are chosen among.
        of: the label, where it is not of the variable's name.
        everything: whether all may be chosen at once, as they then are at first.

    """
    query = f"label_values({series_of}, {of or name})"
    variable = (
        QueryVariable(name)
        .label(label)
        .datasource(SOURCE)
        .query(query)
        .definition(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.NATURAL_ASC)
        .multi(True)
        .include_all(everything)
    )
    return variable.all_value(ALL) if everything else variable
