"""Records from the user's own files."""

from pathlib import Path

import pytest

from hubspot_sandbox import Portal
from hubspot_sandbox.records import Record
from hubspot_sandbox.seeding.loading import LoadError, load_file


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def newest(portal: Portal, type_id: str, number: int) -> list[Record]:
    return portal.records.page(type_id, after_id=0, limit=10_000, archived=False)[-number:]


def values(record: Record, *names: str) -> tuple[object, ...]:
    return tuple(record.properties.get(name) for name in names)


def test_csv_columns_are_names_or_labels_and_new_ones_become_text_properties(portal: Portal, tmp_path: Path) -> None:
    path = write(
        tmp_path / "people.csv",
        '\ufeffemail,First Name,LASTNAME,Shoe Size\nada@own.example,Ada,"Berg,\nPhD",37.5\n\nbo@own.example,Bo,,\n',
    )

    loaded = load_file(portal, "contacts", path)

    ada, bo = newest(portal, "0-1", 2)
    assert str(loaded) == f"2 contacts from {path}; new properties: shoe_size"
    assert values(ada, "email", "firstname", "lastname", "shoe_size") == (
        "ada@own.example",
        "Ada",
        "Berg,\nPhD",
        "37.5",
    )
    assert values(bo, "lastname", "shoe_size", "hs_object_source") == (None, None, "IMPORT")
    definition = portal.definitions(portal.types.find("contacts"))["shoe_size"]
    assert (definition.label, definition.type, definition.group_name) == ("Shoe Size", "string", "contactinformation")


@pytest.mark.parametrize(
    "text",
    [
        '[{"dealname": "Big", "amount": 12.50}, {"properties": {"dealname": "Small", "amount": "3"}}]',
        '{"dealname": "Big", "amount": 12.50}\n{"dealname": "Small", "amount": 3}\n',
        '[\n {"dealname": "Big", "amount": 12.50},\n {"dealname": "Small", "amount": 3}\n]\n',
    ],
)
def test_json_is_an_array_or_one_object_per_line(text: str, portal: Portal, tmp_path: Path) -> None:
    loaded = load_file(portal, "deals", write(tmp_path / "deals.json", text))

    assert str(loaded) == f"2 deals from {tmp_path / 'deals.json'}"
    assert [values(deal, "dealname", "amount") for deal in newest(portal, "0-3", 2)] == [
        ("Big", "12.50"),
        ("Small", "3"),
    ]


def test_bad_rows_are_named_and_nothing_is_loaded(portal: Portal, tmp_path: Path) -> None:
    path = write(
        tmp_path / "people.csv",
        "email,lifecyclestage,shoe\nok@own.example,lead,1\nwrong,lead,2\n\nodd@own.example,kin,3\nok@own.example,,\n",
    )
    before = portal.records.count("0-1")

    with pytest.raises(LoadError) as refused:
        load_file(portal, "contacts", path)

    lines = [problem.split(":")[0] for problem in refused.value.problems]
    assert lines == [f"{path}, line {line}" for line in (3, 5, 6)]
    assert refused.value.problems[0].endswith("Email address wrong is invalid")
    assert portal.records.count("0-1") == before
    assert "shoe" not in portal.definitions(portal.types.find("contacts"))


def test_of_many_bad_rows_the_first_are_shown(portal: Portal, tmp_path: Path) -> None:
    path = write(tmp_path / "people.csv", "email\n" + "wrong\n" * 25)

    with pytest.raises(LoadError) as refused:
        load_file(portal, "contacts", path)

    assert len(refused.value.problems) == 25
    assert str(refused.value).splitlines()[20:] == ["... and 5 more"]


@pytest.mark.parametrize(
    ("name", "text", "where"),
    [
        ("a.csv", "email,email\n", ", line 1: every column needs a name of its own"),
        ("a.csv", "email\na,b\n", ", line 2: 2 cells, 1 in the heading"),
        ("a.csv", 'email\n"a\n', ", line 2: unexpected end of data"),
        ("a.csv", "hs_mine\nx\n", ", line 2: column 'hs_mine' is no property, and cannot become one"),
        ("a.json", '[{"email": "a@b.example"},\n {"email" 1}]', ", line 2: Expecting ':' delimiter"),
        ("a.json", "[\n1]", ", line 2: a record must be an object"),
        ("a.json", '{"email": ["a"]}', ", line 1: the values of a record must be texts, numbers or booleans"),
        ("a.xml", "<a/>", ": only .csv, .json and .jsonl can be loaded"),
    ],
)
def test_a_file_of_another_form_is_refused(name: str, text: str, where: str, portal: Portal, tmp_path: Path) -> None:
    path = write(tmp_path / name, text)

    with pytest.raises(LoadError) as refused:
        load_file(portal, "contacts", path)

    assert refused.value.problems[0].startswith(f"{path}{where}")


def test_what_cannot_be_read_is_refused(portal: Portal, tmp_path: Path) -> None:
    latin = tmp_path / "latin.csv"
    latin.write_bytes(b"email\n\xe9@own.example\n")
    absent = tmp_path / "absent.csv"

    refusals = []
    for object_type, path in (("contacts", latin), ("contacts", absent), ("widgets", absent)):
        with pytest.raises(LoadError) as refused:
            load_file(portal, object_type, path)
        refusals.append(str(refused.value))

    assert refusals == [
        f"{latin}: it must be UTF-8: invalid continuation byte at byte 6",
        f"{absent}: No such file or directory",
        f"{absent}: Unable to infer object type from: widgets",
    ]


def test_an_empty_file_loads_nothing(portal: Portal, tmp_path: Path) -> None:
    assert load_file(portal, "contacts", write(tmp_path / "a.csv", "")).records == 0
    assert load_file(portal, "contacts", write(tmp_path / "a.json", "[]")).records == 0


@pytest.mark.parametrize("heading", ["firstname,First Name", "Shoe Size,shoe-size"])
def test_two_columns_cannot_be_one_property(heading: str, portal: Portal, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", f"email,{heading}\nada@own.example,a,b\n")

    with pytest.raises(LoadError) as refused:
        load_file(portal, "contacts", path)

    assert refused.value.problems[0].startswith(f"{path}, line 2: more than one column is the property ")
