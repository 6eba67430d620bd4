"""What stands in the table is read back as it was written."""

from hypothesis import given
from hypothesis import strategies as st

from passage_processors.faust.table_rows import TableRow, aggregate_key, aggregate_of, decode_row, encode_row, split_key

names = st.text(min_size=1, max_size=60)


@given(
    marks=st.dictionaries(names, st.integers(0, 1 << 62), max_size=4),
    units=st.dictionaries(names, st.binary(max_size=300), max_size=4),
)
def test_what_is_held_of_an_aggregate_comes_back(marks: dict[str, int], units: dict[str, bytes]) -> None:
    assert decode_row(encode_row(TableRow(marks, units))) == TableRow(marks, units)


@given(number=st.integers(0, 9_999), aggregate=st.binary())
def test_a_key_tells_its_partition_and_aggregate(number: int, aggregate: bytes) -> None:
    found, kind = split_key(aggregate_key(number, aggregate))
    assert (found, aggregate_of(kind)) == (number, aggregate)
