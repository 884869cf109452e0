import json
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from currents_async.export._engines.engine_types import lists_as_json, without_nul

TEXTS = st.text(max_size=5)
SCHEMA = pa.schema([
    pa.field("text", pa.string()),
    pa.field("lists", pa.list_(pa.string()), nullable=False),
    pa.field("number", pa.int64()),
])
ROWS = st.lists(
    st.fixed_dictionaries({
        "text": st.none() | TEXTS,
        "lists": st.lists(TEXTS, max_size=3),
        "number": st.just(7),
    }),
    max_size=3,
)


@given(ROWS)
def test_lists_become_the_same_json_without_nul(rows: list[dict[str, Any]]) -> None:
    batch = lists_as_json(pa.RecordBatch.from_pylist(rows, SCHEMA))
    assert batch.schema == SCHEMA.set(1, pa.field("lists", pa.string(), nullable=False))
    assert batch.column("lists").null_count == 0
    assert [json.loads(text) for text in batch.column("lists").to_pylist()] == [
        [text.replace("\0", "") for text in row["lists"]] for row in rows
    ]


@given(ROWS)
def test_texts_stay_the_same_without_nul(rows: list[dict[str, Any]]) -> None:
    batch = without_nul(pa.RecordBatch.from_pylist(rows, SCHEMA))
    assert batch.schema == SCHEMA
    assert batch.to_pylist() == [
        {**row, "text": row["text"] and row["text"].replace("\0", "")} for row in rows
    ]
