"""Whatever is sent to a dialog, it answers with something it means to say: never a fault of ours."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.town import MONDAY, Town, at

FUZZ = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

VALUES = st.one_of(
    st.sampled_from(
        [
            *("d1", "d2", "p1", "central", "0", "1", "2", "999999999999", "\N{ARABIC-INDIC DIGIT THREE}", "\x00", ""),
            *(at("10:00"), at("11:00"), at("14:30"), f"{MONDAY}T12:00", f"{MONDAY}T25:00", str(MONDAY)),
            *("0001-01-01T00:00", "9999-12-31T23:59", "9999-12-31T23:59:59-14:00", "1970-01-01", "2200-01-01"),
        ]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)
FIELDS = ("doctor", "hospital", "start", "end", "start_fold", "version", "patient", "text", "at", "at_fold", "date")
SENT = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=7)

OF_AVAILABILITY = ("", "/withdraw")
OF_APPOINTMENT = ("", "/cancel", "/move")
POSTS_OF_APPOINTMENT = ("/cancel", "/complete", "/no-show")


@pytest.fixture
def asked(town: Town) -> list[str]:
    """Every dialog that is asked for."""
    appointment, (availability, *_) = town.book("p2", "d1", "10:00"), town.get("/availabilities")["items"]
    return [
        "/app/dialogs/availability/new",
        "/app/dialogs/book",
        *(f"/app/dialogs/availabilities/{availability['id']}{each}" for each in OF_AVAILABILITY),
        *(f"/app/dialogs/appointments/{appointment['id']}{each}" for each in OF_APPOINTMENT),
    ]


@pytest.fixture
def sent(town: Town) -> list[str]:
    """Every place where a form is sent."""
    appointment, (availability, *_) = town.book("p2", "d1", "10:00"), town.get("/availabilities")["items"]
    return [
        "/app/dialogs/availability/new",
        "/app/dialogs/book",
        "/app/dialogs/patients",
        f"/app/appointments/{appointment['id']}/move",
        *(f"/app/dialogs/availabilities/{availability['id']}{each}" for each in OF_AVAILABILITY),
        *(f"/app/dialogs/appointments/{appointment['id']}{each}" for each in POSTS_OF_APPOINTMENT),
    ]


@FUZZ
@given(params=SENT)
def test_no_question_is_a_fault_of_ours(town: Town, asked, params):
    for path in asked:
        answer = town.api.get(path, params=params, headers={"HX-Request": "true"})
        assert answer.status_code < 500, path
        assert 'id="dialog-title"' in answer.text


@FUZZ
@given(fields=SENT)
def test_no_form_is_a_fault_of_ours(town: Town, sent, fields):
    for path in sent:
        answer = town.api.post(path, data=fields, headers={"HX-Request": "true"})
        assert answer.status_code < 500, (path, answer.text)
