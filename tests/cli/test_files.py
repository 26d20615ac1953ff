"""Files of rows: what is right comes through whole, and every fault is told with its place."""

import io
import sys
from datetime import date
from pathlib import Path

import pytest

from cli.files.reading import read_files
from cli.files.writing import write_json, write_tables
from cli.output import Stop
from cli.sample import Calendar, as_bundle, wishes
from models.files.bundle import Bundle, PatientRow
from models.files.checking import Unreadable
from models.files.columns import COLUMNS, template
from models.files.kinds import Kind
from models.inputs import BookingRequestIn, Weekday


def faults(file: Path, text: str, kind: Kind | None = None) -> list[tuple[str, str]]:
    """The faults of one file, as (place without the folder, message)."""
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(Unreadable) as raised:
        read_files([file], kind)
    return [(fault.where.removeprefix(f"{file.parent}/"), fault.message) for fault in raised.value.faults]


def test_the_sample_comes_back_from_csv_and_from_json(tmp_path: Path) -> None:
    calendar = Calendar(1, date(2026, 12, 7))
    bundle = as_bundle(calendar, wishes(calendar))
    write_json(bundle, tmp_path / "network.json")
    assert read_files([tmp_path / "network.json"]).bundle.by_kind == bundle.by_kind
    back = read_files(write_tables(bundle, tmp_path)).bundle
    for kind in set(bundle.by_kind) - {Kind.HOSPITALS}:
        assert back.by_kind[kind] == bundle.by_kind[kind]
    for place, hours in zip(bundle.hospitals, back.hours, strict=True):
        assert (hours.hospital, hours.operating_hours) == (place.external_id, place.operating_hours)
        assert list(hours.exceptions) == list(place.exceptions)


def test_what_a_spreadsheet_would_run_is_written_as_text_and_comes_back(tmp_path: Path) -> None:
    wish = {"earliest": "2026-12-07T09:00:00Z", "latest": "2026-12-07T18:00:00Z", "doctors": ["=1+1", "-D-1", "'+D"]}
    bundle = Bundle(
        patients=[PatientRow(external_id="@P-1", name='=HYPERLINK("http://x", 1)')],
        requests=[BookingRequestIn.model_validate({"patient": "@P-1", **wish})],
    )
    files = write_tables(bundle, tmp_path)
    assert all(not cell.startswith(("=", "+", "-", "@")) for cell in (tmp_path / "patients.csv").read_text().split(","))
    assert read_files(files).bundle.by_kind == bundle.by_kind


@pytest.mark.parametrize("kind", Kind)
def test_templates_are_right_themselves(kind: Kind, tmp_path: Path) -> None:
    header, example = template(kind)
    file = tmp_path / f"{kind}.csv"
    file.write_text(f"{','.join(header)}\n{','.join(example)}\n")
    assert len(read_files([file]).bundle.by_kind[kind]) == 1
    assert len(header) == len(COLUMNS[kind])


def test_every_fault_of_every_line_is_told_with_its_line(tmp_path: Path) -> None:
    text = (
        "external_id,name,role,specialties,active\n"
        "D-1,Dr Ana,doctor,cardiology|neurology,true\n"
        'D-2,"Dr\nBroken over lines",surgeon,,perhaps\n'
        "\n"
        ",Dr Nameless,doctor,,\n"
        "D-1,Dr Twice,doctor,,\n"
    )
    found = faults(tmp_path / "users.csv", text)
    assert [where for where, _ in found] == [
        "users.csv, line 3, name",
        "users.csv, line 3, role",
        "users.csv, line 3, active",
        "users.csv, line 6, external_id",
        "users.csv, line 7, external_id",
    ]
    assert "users.csv, line 2" in found[-1][1]


def test_columns_that_are_wrong_are_told_before_any_line(tmp_path: Path) -> None:
    found = faults(tmp_path / "patients.csv", "external_id,nmae,active,active\nP-1,x,true,true\n")
    assert [message.split(";")[0].split(",")[0] for _, message in found] == [
        "is no column here",
        "is there twice",
        "is missing",
    ]
    assert {where for where, _ in found} == {"patients.csv, line 1"}


def test_semicolons_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    file = tmp_path / "2026-patients.csv"
    file.write_bytes("\ufeffexternal_id;name\r\nP-1;João, o Novo\r\n".encode())
    (row,) = read_files([file]).bundle.patients
    assert (row.external_id, row.name, row.active) == ("P-1", "João, o Novo", True)


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("", "patients.csv, line 1", "is empty"),
        (b"external_id,name\nP-1,\xff\n", "patients.csv, line 2", "UTF-8"),
        ("external_id,name\nP-1,x,y,z\n", "patients.csv, line 2", "4 cells for 2 columns"),
        ('external_id,name\nP-1,"x\n', "patients.csv, line 2", "is no CSV"),
    ],
)
def test_what_is_no_table_is_told(tmp_path: Path, text: str, where: str, message: str) -> None:
    ((found_where, found_message),) = faults(tmp_path / "patients.csv", text)
    assert found_where == where
    assert message in found_message


def test_what_is_not_utf8_is_shown_with_what_stands_before_it(tmp_path: Path) -> None:
    file = tmp_path / "patients.csv"
    file.write_bytes("external_id,name\nP-1,Jos\u00e9\n".encode("latin-1"))
    with pytest.raises(Unreadable) as raised:
        read_files([file])
    assert [fault.value for fault in raised.value.faults] == [r"P-1,Jos\xe9"]


def test_lines_of_hours_become_the_hours_of_hospitals(tmp_path: Path) -> None:
    file = tmp_path / "hours.csv"
    file.write_text(
        "hospital,weekday,date,opens,closes,reason\n"
        "a,Monday,,09:00,13:00,\n"
        "a,monday,,14:00,18:00,\n"
        "b,,2026-12-25,,,Christmas\n"
        "a,friday,,20:00,02:00,\n"
        "b,,2026-12-24,09:00,12:00,\n"
    )
    a, b = read_files([file]).bundle.hours
    assert [len(a.operating_hours[day]) for day in (Weekday.MONDAY, Weekday.FRIDAY)] == [2, 1]
    assert b.operating_hours is None, "only dates are named, so the week stays as it is"
    assert [(e.date.day, len(e.hours), e.reason) for e in b.exceptions] == [(25, 0, "Christmas"), (24, 1, None)]


def test_faults_of_hours_name_the_line_of_the_period(tmp_path: Path) -> None:
    found = faults(
        tmp_path / "hours.csv",
        "hospital,weekday,date,opens,closes\n"
        "a,monday,,09:00,13:00\n"
        "a,tuesday,,9:00,13:00\n"
        "a,,,09:00,13:00\n"
        "a,monday,,13:00,13:00\n"
        "b,friday,,09:00,13:00\n"
        "b,friday,,12:00,14:00\n"
        "b,,2026-12-25,,\n"
        "b,,2026-12-25,09:00,12:00\n",
    )
    assert sorted({where.split(",")[1].strip() for where, _ in found}) == [
        "line 3",
        "line 4",
        "line 5",
        "line 6",
        "line 9",
    ]


def test_json_faults_name_their_path(tmp_path: Path) -> None:
    found = faults(
        tmp_path / "network.json",
        '{"patients": [{"external_id": "P-1", "name": ""}], "doctors": [], "users": {}, '
        '"requests": [{"patient": "P-1", "earliest": "2026-12-01T09:00:00", "latest": "2026-12-01T09:00:00Z", '
        '"doctors": ["D-1", 7]}]}',
    )
    assert [where for where, _ in found] == [
        "network.json: $.patients[0].name",
        "network.json: $.doctors",
        "network.json: $.users",
        "network.json: $.requests[0].doctors[1]",
        "network.json: $.requests[0].earliest",
    ]


def test_a_list_in_json_is_of_the_kind_that_its_name_says(tmp_path: Path) -> None:
    (tmp_path / "patients.json").write_text('[{"external_id": "P-1", "name": "Ana"}]')
    assert len(read_files([tmp_path / "patients.json"]).bundle.patients) == 1
    ((where, _),) = faults(tmp_path / "some.json", "[{}]")
    assert where == "some.json: $"
    ((where, message),) = faults(tmp_path / "other.json", '{"patients": [\n}')
    assert where == "other.json, line 2"
    assert "no JSON" in message


def test_standard_input_is_read_as_what_it_looks_like(monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ('[{"external_id": "P-1", "name": "Ana"}]', "external_id,name\nP-1,Ana\n"):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        assert len(read_files([Path("-")], Kind.PATIENTS).bundle.patients) == 1


def test_a_file_that_does_not_say_what_it_holds_is_not_guessed(tmp_path: Path) -> None:
    (tmp_path / "export.csv").write_text("external_id,name\n")
    with pytest.raises(Stop, match="--kind"):
        read_files([tmp_path / "export.csv"])
    with pytest.raises(Stop, match="cannot be read"):
        read_files([tmp_path / "missing.csv"])
