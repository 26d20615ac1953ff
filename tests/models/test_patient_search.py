"""Patients are found by the beginnings of what somebody remembers, however it is written."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from models.directory import search_patients, upsert_patients
from models.inputs import PatientIn


@pytest.fixture
def found(session):
    """The external ids found, in order."""

    def search(words: str, limit: int = 20) -> list[str]:
        return [patient.external_id for patient in search_patients(session, words, limit)]

    return search


@pytest.fixture(autouse=True)
def patients(session) -> None:
    names = {
        "p-100": "João Álvaro Conceição",
        "p-101": "Ana-Maria O\N{RIGHT SINGLE QUOTATION MARK}Brien",
        "p-102": "Søren Strauß",
        "p-103": "Łukasz Łęcki",
        "mar": "Zoe Unrelated",
        "p-104": "Marta Reis",
        "p-105": "Mário Reis",
        "q 7": "MARTA SÉVERINE",
    }
    patients = {id_: PatientIn(name=name) for id_, name in names.items()}
    patients["p-106"] = PatientIn(name="Marcos Gone", active=False)
    upsert_patients(session, patients)


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ("joao", ["p-100"]),
        ("JOÃO", ["p-100"]),
        ("joa\N{COMBINING TILDE}o", ["p-100"]),
        ("con alv", ["p-100"]),
        ("maria", ["p-101"]),
        ("o'brien", ["p-101"]),
        ("brien, ana", ["p-101"]),
        ("soren strauss", ["p-102"]),
        ("STRAUẞ", ["p-102"]),
        ("lukasz lecki", ["p-103"]),
        ("P-104", ["p-104"]),
        ("q 7", ["q 7"]),
        ("severine", ["q 7"]),
        ("arta", []),
        ("marta reis gone", []),
        ("nobody", []),
        ("-- ' \\ :* & | !", []),
        ("\N{IDEOGRAPHIC SPACE}", []),
    ],
)
def test_every_word_is_the_beginning_of_one_of_theirs(found, words, ids):
    assert found(words) == ids


def test_the_external_id_itself_comes_first_and_who_is_gone_last(found):
    assert found("mar") == ["mar", "p-101", "p-104", "q 7", "p-105", "p-106"]
    assert found("mar", limit=2) == ["mar", "p-101"]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=200))
def test_whatever_is_stored_and_asked_nothing_breaks(session, name):
    with session.begin_nested() as savepoint:
        session.execute(text("INSERT INTO patient (external_id, name) VALUES ('odd', :name)"), {"name": name})
        search_patients(session, name, 20)
        savepoint.rollback()


def test_a_word_as_long_as_a_name_can_be_is_found(session, found):
    upsert_patients(session, {"long": PatientIn(name="𐐨" * 200)})
    assert found("𐐨" * 200) == ["long"]


def test_a_hundred_thousand_patients_are_searched_by_the_index(session):
    session.execute(
        text(
            "INSERT INTO patient (external_id, name)"
            " SELECT 'n' || n, 'Name' || n || ' Family' || n % 1000 FROM generate_series(1, 100000) AS n"
        )
    )
    session.execute(text("ANALYZE patient"))
    asked = "name4711 family711"
    assert [patient.external_id for patient in search_patients(session, asked, 20)] == ["n4711"]
    plan = session.execute(
        text(
            "EXPLAIN SELECT id FROM patient WHERE search_words(name || ' ' || external_id) @@"
            " (SELECT string_agg('''' || word || ''':*', ' & ')::tsquery"
            "  FROM unnest(tsvector_to_array(search_words(:asked))) AS word)"
        ),
        {"asked": asked},
    )
    assert any("patient_search_index" in line for line in plan.scalars())


def test_of_a_text_longer_than_any_name_the_beginning_counts(session):
    upsert_patients(session, {"ana": PatientIn(name="Ana Costa")})
    assert search_patients(session, "ana costa " * 100_000, 20)
    assert not search_patients(session, "".join(f"ana{number} " for number in range(200_000)), 20)
    assert search_patients(session, "ana\0costa", 20)
