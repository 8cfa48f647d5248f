"""Tables of photographs as editors, spreadsheets and scripts write them."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.pictures import table
from export.pictures.photographs import PhotographsError

ROWS = [("1.png", "red"), ("2.png", "green, dark"), ("3.png", 'a "b"')]


def read(tmp_path, content):
    path = tmp_path / "labels"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return [(row.line, row.file, row.label) for row in table.read(str(path))]


def refusal(tmp_path, content):
    with pytest.raises(PhotographsError) as caught:
        read(tmp_path, content)
    return str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", ["\t", ",", ";"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_what_spreadsheets_write_is_read(tmp_path, encoding, end, delimiter, quoting):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([("file", "label")] + ROWS)
    found = read(tmp_path, text.getvalue().encode(encoding))
    assert found == [(2,) + ROWS[0], (3,) + ROWS[1], (4,) + ROWS[2]]


def test_spaces_and_empty_lines_make_no_difference_and_lines_are_counted_as_editors_do(tmp_path):
    text = "\n Label \t FILE\tremark\n\n red \t 1.png\t\n\t\t\n  green\t2.png\n"
    assert read(tmp_path, text) == [(4, "1.png", "red"), (6, "2.png", "green")]


def test_a_lone_quotation_mark_swallows_no_rows(tmp_path):
    rows = ["file\tlabel\tremark"]
    rows += ["{}.png\tred\tfine".format(number) for number in range(8)]
    rows[3] = '2.png\tred\t"19 inch, shelf 4'
    assert len(read(tmp_path, "\n".join(rows))) == 8
    rows[6] = '5.png\tred\t24 inch"'
    assert len(read(tmp_path, "\n".join(rows))) == 8, "nor do two of them"


def test_a_quotation_mark_of_which_nobody_can_tell_where_it_ends_is_refused(tmp_path):
    text = 'file\tlabel\tremark\n1.png\tred\t"a\n2.png\tgreen\n3.png\tred\tb"\n4.png\tred\n'
    assert "line 2: does its quotation mark end in another line" in refusal(tmp_path, text)


def test_a_delimiter_and_a_line_end_within_quotation_marks_end_nothing(tmp_path):
    text = 'file\tremark\tlabel\n1.png\t"a\tb\nc"\tred\n2.png\td\tgreen\n'
    assert read(tmp_path, text) == [(2, "1.png", "red"), (4, "2.png", "green")]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("file,label\n1.png,red\n2.png,green, dark\n", "line 3: it has 3 columns"),
        ('file,label\n1.png,"red\n2.png,green, dark\n', "line 2: unexpected end of data"),
        (b"file\tlabel\n1.png\tred\n2.png\tgr\xfcn\n", "line 3: it is not UTF-8"),
        (b"file\tlabel\n1.png\tr\0ed\n", "line 2: a NUL"),
        ("picture\tlabel\n1.png\tred\n", "must name the columns file and label"),
        ("file\tlabel\tlabel\n1.png\tred\tred\n", "each once"),
        ("", "must name the columns file and label"),
    ],
)
def test_what_is_in_doubt_is_refused_with_its_line(tmp_path, content, told):
    assert told in refusal(tmp_path, content)


@given(
    values=st.lists(
        st.lists(
            st.text(alphabet="ab\" \t,;'", min_size=1, max_size=6).filter(str.strip),
            min_size=3,
            max_size=3,
        ),
        max_size=6,
    ),
    delimiter=st.sampled_from("\t,;"),
)
def test_each_line_of_a_table_without_quoting_is_a_row_or_refused(
    tmp_path_factory, values, delimiter
):
    """Whatever marks stand in it: no row is lost, and none made of two."""
    lines = [delimiter.join(["file", "label", "remark"])]
    lines += [delimiter.join(value.replace(delimiter, "_") for value in row) for row in values]
    path = tmp_path_factory.mktemp("tables") / "labels"
    path.write_text("\n".join(lines), "utf-8")
    refused = ""
    try:
        found = table.read(str(path))
    except PhotographsError as error:
        refused = str(error)
        found = []
    assert "line " in refused or [row.line for row in found] == list(range(2, len(values) + 2))
