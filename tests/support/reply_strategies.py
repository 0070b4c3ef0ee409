"""What a vendor may answer, as strategies of hypothesis: anything at all, or nearly what its models expect."""

import inspect
import sys
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st
from pydantic import AliasChoices, BaseModel, RootModel

import exporter.vendors  # noqa: F401 - has all models imported
from exporter.vendors.reply import Reply

NEARLY = st.sampled_from(
    (
        *("", "0", "12.5", "12,5", "1e400", "-0", "41.33%", "NaN", "2026-11-21", "2026-02-30", "2026-11-21T24:00"),
        *(
            "9999-12-31T23:59:59-23:59",
            "..",
            "a/b",
            "null",
            "x" * 300,
            "\x00",
            "\u202e",
            "\u0661",
            "-1",
            "9" * 70,
            "\n",
        ),
    )
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**400), 10**400)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | NEARLY
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def _models() -> Iterator[type[BaseModel]]:
    """Every model that a vendor's replies are read by, parts of replies included."""
    for name, module in sorted(sys.modules.items()):
        if name.startswith("exporter.vendors."):
            for _, one in inspect.getmembers(module, inspect.isclass):
                if (
                    one.__module__ == name
                    and issubclass(one, Reply | RootModel)
                    and not one.__name__.endswith(("Reply", "]"))
                ):
                    yield one


MODELS = list(_models())


def keys_of(model: type[BaseModel]) -> list[str]:
    """The names by which a model finds its fields in an object."""
    keys: list[str] = []
    for name, field in model.model_fields.items():
        alias = field.validation_alias
        keys += [str(one) for one in alias.choices] if isinstance(alias, AliasChoices) else [str(alias or name)]
    return keys


KEYS = sorted({key for model in MODELS for key in keys_of(model)})
SHAPED = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=15,
)


def documents(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    """Anything at all, or an object with the model's own fields and anything in them, rows of such things included."""
    row = st.fixed_dictionaries({}, optional={key: SHAPED for key in KEYS if key in keys_of(model)})
    return JSON | SHAPED | row | st.lists(row, max_size=3) | st.dictionaries(st.text(max_size=3), row, max_size=3)
