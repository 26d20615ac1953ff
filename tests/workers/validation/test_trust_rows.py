"""Rows that break each of the rules in turn: told once, by the row or by what it refers to, with what they break."""

from datetime import UTC, datetime
from itertools import groupby

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from cli.embedded.databases import cloned_database
from models.validation.codes import Code
from models.validation.stored_rules import RuleKind, expected_catalogue, read_catalogue
from tests.workers.validation.corrupting import UNSEEN
from tests.workers.validation.corruptions import ABSENT
from workers.validation.rules.elsewhere import ELSEWHERE
from workers.validation.rules.rows import Tables
from workers.validation.rules.steps import row_checks
from workers.validation.steps import STEPS

EXPECTED = expected_catalogue()
BY_ROWS = (
    RuleKind.CHECK,
    RuleKind.NOT_NULL,
    RuleKind.GENERATED,
    RuleKind.PRIMARY_KEY,
    RuleKind.UNIQUE,
    RuleKind.UNIQUE_INDEX,
    RuleKind.FOREIGN_KEY,
)
FOREIGN_KEYS = [
    rule for rule in EXPECTED.rules if rule.kind is RuleKind.FOREIGN_KEY and "PERIOD" not in rule.definition
]

BREAKS = {
    "access_token.access_token_allows_something": "scopes = '{}'",
    "access_token.access_token_named": "name = ''",
    "access_token.access_token_revoked_once_made": "revoked_at = created_at - interval '1 hour'",
    "access_token.access_token_secret_hashed": "secret_sha256 = 'short'",
    "app_user.app_user_role_known": "role = 'nobody' WHERE role = 'staff'",
    "appointment.appointment_status_known": "status = 'lost' WHERE status = 'cancelled'",
    "booking_request.booking_request_decided_once_decided": "decided_at = NULL WHERE status = 'conflict'",
    "booking_request.booking_request_failed_with_a_reason": "failure = 'none' WHERE status = 'queued'",
    "booking_request.booking_request_planned_by_a_run": "status = 'planning' WHERE status = 'queued'",
    "booking_request.booking_request_priority_known": "priority = 'none' WHERE status = 'queued'",
    "booking_request.booking_request_queued_for_any_run": (
        "planning_run_id = (SELECT id FROM planning_run LIMIT 1) WHERE status = 'queued'"
    ),
    "booking_request.booking_request_status_known": "status = 'lost' WHERE status = 'conflict'",
    "booking_request.booking_request_window_runs_forward": "earliest = latest + interval '1 h' WHERE status = 'queued'",
    "calendar_feed.calendar_feed_content_dated": "content_since = now()",
    "calendar_feed.calendar_feed_labelled": "label = ''",
    "calendar_feed.calendar_feed_revoked_once_made": "revoked_at = created_at - interval '1 hour'",
    "calendar_feed.calendar_feed_token_hashed": "token_sha256 = 'short'",
    "conflict.conflict_kind_known": "kind = 'none'",
    "delivery.delivery_channel_known": "channel = 'pigeon'",
    "delivery.delivery_dead_with_a_reason": "status = 'dead'",
    "delivery.delivery_delivered_once_delivered": "delivered_at = now()",
    "delivery.delivery_status_known": "status = 'lost'",
    "delivery_cursor.delivery_cursor_channel_known": "channel = 'pigeon'",
    "doctor_specialty.doctor_specialty_in_lower_case": "specialty = 'Cardiology'",
    "finding.finding_acknowledged_with_a_reason": "acknowledged_until = now()",
    "finding.finding_code_known": "code = 'nothing'",
    "finding.finding_severity_known": "severity = 'none'",
    "fragility.fragility_others_stranded": "stranded = ARRAY[id], replaceable = appointments",
    "fragility.fragility_replaceable_of_them": "replaceable = appointments + 1, proved = false",
    "hour_value.hour_value_books_of_a_priority": "books = 1, priority = NULL",
    "hour_value.hour_value_hour_whole": "doctor_id = NULL, start = now()",
    "hour_value.hour_value_priority_known": "priority = 'none', books = 1",
    "one_time_code.one_time_code_code_hashed": "code_sha256 = 'short'",
    "operating_exception.operating_exception_start_on_their_day": "hours = '{[1500,1600)}'",
    "operating_exception.operating_exception_within_two_days": "hours = '{[-60,60)}'",
    "operating_hours.operating_hours_not_empty": "hours = '{}'",
    "operating_hours.operating_hours_start_on_their_day": "hours = '{[1500,1600)}'",
    "operating_hours.operating_hours_weekday_known": "weekday = 8",
    "operating_hours.operating_hours_within_two_days": "hours = '{[-60,60)}'",
    "patient.patient_erased_for_good": "erased_at = now()",
    "planning_run.planning_run_finished_once_let_go": "finished_at = NULL",
    "planning_run.planning_run_status_known": "status = 'lost'",
    "reschedule.reschedule_applied_with_its_changes": "changes = NULL WHERE status = 'applied'",
    "reschedule.reschedule_cause_known": "cause = 'none'",
    "reschedule.reschedule_failed_with_a_reason": "failure = 'none' WHERE status = 'proposed'",
    "reschedule.reschedule_leased_while_planning": "lease_expires_at = now()",
    "reschedule.reschedule_status_known": "status = 'lost' WHERE status = 'proposed'",
    "reschedule.reschedule_what_if_changes_nothing": "what_if = true WHERE status = 'applied'",
    "reschedule_event.reschedule_event_status_known": "status = 'lost'",
    "rescheduled_appointment.rescheduled_appointment_conflict_kind_known": "conflict_kind = 'none'",
    "rescheduled_appointment.rescheduled_appointment_fate_known": "fate = 'none'",
    "rescheduled_appointment.rescheduled_appointment_goes_somewhere_or_nowhere": (
        "to_doctor_id = NULL WHERE to_during IS NOT NULL"
    ),
    "rescheduled_appointment.rescheduled_appointment_makes_room_by_moving": (
        "displaced = false, fate = NULL, to_doctor_id = NULL, to_hospital_id = NULL, to_during = NULL"
    ),
    "rescheduled_appointment.rescheduled_appointment_moved_somewhere": (
        "fate = 'moved', to_doctor_id = NULL, to_hospital_id = NULL, to_during = NULL"
    ),
    "rescheduled_appointment.rescheduled_appointment_period_whole": "during = 'empty'",
    "rescheduled_appointment.rescheduled_appointment_priority_known": "priority = 'none'",
    "sign_in.sign_in_method_known": "method = 'guess'",
    "sign_in.sign_in_secret_hashed": "secret_sha256 = 'short'",
    "sighting.sighting_change_known": "change = 'none'",
    "validation_report.validation_report_failed_with_a_reason": "failure = 'none'",
    "validation_report.validation_report_finished_once_finished": "finished_at = NULL",
    "validation_report.validation_report_leased_while_running": "lease_expires_at = now()",
    "validation_report.validation_report_night_of_a_hospital": "night = now(), hospital_id = NULL",
    "validation_report.validation_report_status_known": "status = 'lost', finished_at = NULL",
}
"""By the rule: how a row comes to break it and no other."""


@pytest.fixture
def database_url(services, lived_in):
    with cloned_database(services.database_url, lived_in) as url:
        yield url


@pytest.fixture
def session(superuser):
    with Session(superuser) as session:
        session.execute(text(UNSEEN))
        yield session


@pytest.fixture
def corrupted(session):
    """What rows break after some statements, which are then taken back: each subject and its rules."""

    def run(*statements: str):
        savepoint = session.begin_nested()
        for each in statements:
            session.execute(text(each))
        tables = Tables(EXPECTED, read_catalogue(session))
        found = [each for check in row_checks(tables) for each in check.find(session, datetime.now(UTC))]
        savepoint.rollback()
        assert {each.code for each in found} <= {Code.ROW_BREAKS_RULE}
        rules: dict[str, set[str]] = {}
        for each in found:
            rules.setdefault(" ".join(entity.id for entity in each.subject), set()).update(each.facts["rules"])
        return rules

    return run


def dropped(rule) -> str:
    if rule.kind is RuleKind.UNIQUE_INDEX:
        return f"DROP INDEX {rule.name}"
    return f"ALTER TABLE {rule.table} DROP CONSTRAINT {rule.name} CASCADE"


def one_row(table: str, where: str = "true") -> str:
    """The condition that a row is one and the same row of a table."""
    return f"ctid = (SELECT ctid FROM {table} WHERE {where} ORDER BY ctid LIMIT 1)"


def row_id(session, table: str, where: str = "true") -> str:
    columns = ", ".join(EXPECTED.keys[table])
    return f"{table}:" + session.scalar(
        text(f"SELECT concat_ws(',', {columns}) FROM {table} WHERE {where} ORDER BY ctid LIMIT 1")
    )


def test_every_rule_that_rows_can_break_is_looked_at_by_a_step():
    looked_at = {rule for check in row_checks(Tables(EXPECTED, EXPECTED)) for rule in check.rules}
    of_rows = {rule.id for rule in EXPECTED.rules if rule.kind in BY_ROWS}
    assert of_rows - looked_at == ELSEWHERE.keys() - {"appointment.appointment_hospital_id_timezone_exists"}
    codes = {code for step in STEPS for code in step.codes}
    assert {code for elsewhere in ELSEWHERE.values() for code in elsewhere} <= codes


def test_every_check_has_a_row_that_breaks_it():
    checks = {rule.id for rule in EXPECTED.rules if rule.kind is RuleKind.CHECK}
    assert checks - ELSEWHERE.keys() == BREAKS.keys()


def test_no_row_breaks_a_rule(corrupted):
    assert corrupted() == {}


def test_a_row_that_breaks_a_check_is_told(session, corrupted):
    wrong = {}
    for rule, change in BREAKS.items():
        table = rule.partition(".")[0]
        values, _, where = change.partition(" WHERE ")
        # Its other checks too, for rows that break the one rule in a way that others catch as well.
        checks = [each for each in EXPECTED.rules if each.table == table and each.kind is RuleKind.CHECK]
        subject = row_id(session, table, where or "true")
        found = corrupted(
            *(dropped(each) for each in checks),
            f"UPDATE {table} SET {values} WHERE {one_row(table, where or 'true')}",
        )
        renamed = any(f"{column} =" in values for column in EXPECTED.keys[table])
        if [rule in broken for broken in found.values()] != [True] or (subject not in found and not renamed):
            wrong[rule] = (subject, found)
    assert wrong == {}


def test_a_row_without_values_is_told_once(session, corrupted):
    rules = [rule for rule in EXPECTED.rules if rule.kind is RuleKind.NOT_NULL and rule.id not in ELSEWHERE]
    written = {rule.id for rule in EXPECTED.rules if rule.kind is RuleKind.GENERATED}
    identities = {rule.id for rule in EXPECTED.rules if "IDENTITY" in rule.definition}
    for table, of_table in groupby(sorted(rules, key=lambda rule: rule.table), key=lambda rule: rule.table):
        empty = [
            rule
            for rule in of_table
            if rule.columns[0] not in EXPECTED.keys[table]
            and f"{table}.{rule.columns[0]}" not in (written | identities)
        ]
        if not empty:
            continue
        checks = [rule for rule in EXPECTED.rules if rule.table == table and rule.kind is RuleKind.CHECK]
        found = corrupted(
            *(dropped(rule) for rule in (*checks, *empty)),
            f"UPDATE {table} SET {', '.join(f'{rule.columns[0]} = NULL' for rule in empty)} WHERE {one_row(table)}",
        )
        subject = row_id(session, table)
        assert found.keys() == {subject}
        assert found[subject] >= {rule.id for rule in empty}


ALONG = {"hour_value.doctor_id": "start = now(), "}
"""By the column: what has to be written with it, or the row breaks a check too."""


def test_what_rows_refer_to_and_is_not_there_is_told_once(corrupted):
    wrong = {}
    for rule in FOREIGN_KEYS:
        column, parent = rule.columns[0], rule.references[0]
        if rule.table in ("doctor", "conflict"):
            continue  # what others refer to; the next test deletes what it refers to itself
        absent = "999999" if column in ("message_id", "entry_id") else ABSENT
        along = ALONG.get(f"{rule.table}.{column}", "")
        found = corrupted(f"UPDATE {rule.table} SET {along}{column} = '{absent}' WHERE {one_row(rule.table)}")
        if found != {f"{parent}:{absent}": {rule.id}}:
            wrong[rule.id] = found
    assert wrong == {}


def test_a_row_that_was_deleted_is_told_once_for_all_that_refer_to_it(session, corrupted):
    for parent in sorted({rule.references[0] for rule in FOREIGN_KEYS}):
        rules = [rule for rule in FOREIGN_KEYS if rule.references[0] == parent]
        gone = session.scalar(
            text(f"SELECT {rules[0].columns[0]} FROM {rules[0].table} WHERE {rules[0].columns[0]} IS NOT NULL LIMIT 1")
        )
        if gone is None:
            continue
        found = corrupted(f"DELETE FROM {parent} WHERE id = '{gone}'")
        assert found.pop(f"{parent}:{gone}") >= {rules[0].id}
        assert found == {}, parent


HELD_BY = {
    "appointment": "booking_request_id IS NOT NULL",
    "booking_request": "moves IS NOT NULL",
}
"""By the table: which of its rows has what only one row may have."""

MADE_SO = {
    "booking_request": (
        "UPDATE booking_request SET moves = (SELECT id FROM appointment ORDER BY id LIMIT 1) WHERE status = 'queued'"
    ),
    "finding": "UPDATE finding SET gone_at = NULL",
    "validation_report": "UPDATE validation_report SET night = now(), hospital_id = (SELECT id FROM hospital LIMIT 1)",
}
"""By the table: how a row comes to have it."""


UNDER = {"one_time_code": {"user_id": "(SELECT id FROM app_user WHERE external_id = 'd0')"}}
"""By the table: what a copy of one of its rows has instead, where that is not another id."""


def copied(table: str, where: str, **instead: str) -> str:
    """The statement that copies a row of a table, with other values instead."""
    columns = [rule.name for rule in EXPECTED.rules if rule.table == table and rule.kind is RuleKind.COLUMN]
    values = ", ".join(instead.get(name, name) for name in columns)
    names = ", ".join(columns)
    into = f"INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE"
    return f"{into} SELECT {values} FROM {table} WHERE {one_row(table, where)}"


def test_what_only_one_row_may_have_is_told_once_of_all_that_have_it(corrupted):
    """Of rows that are copied under another id."""
    rules = [rule for rule in EXPECTED.rules if rule.kind in (RuleKind.UNIQUE, RuleKind.UNIQUE_INDEX)]
    for rule in rules:
        if rule.id in ELSEWHERE or set(EXPECTED.keys[rule.table]) & set(rule.columns):
            continue  # what holds the primary key follows from it
        table = rule.table
        keys = [each for each in rules if each.table == table]
        found = corrupted(
            *(dropped(each) for each in keys),
            *([MADE_SO[table]] if table in MADE_SO else []),
            copied(table, HELD_BY.get(table, "true"), **UNDER.get(table, {"id": "uuidv7()"})),
        )
        [(subject, broken)] = found.items()
        assert rule.id in broken
        assert [each.split(":")[0] for each in subject.split()] == [table, table]


def test_a_row_that_is_there_twice_is_told_once(session, corrupted):
    for table, key in EXPECTED.keys.items():
        keys = [rule for rule in EXPECTED.rules if rule.table == table and "UNIQUE" in rule.definition]
        keys += [rule for rule in EXPECTED.rules if rule.table == table and rule.kind is RuleKind.PRIMARY_KEY]
        found = corrupted(*(dropped(rule) for rule in keys), copied(table, "true"))
        primary = next(rule.id for rule in keys if rule.kind is RuleKind.PRIMARY_KEY)
        assert found == {row_id(session, table): {primary}}, key


def test_what_the_audit_has_for_long_is_left_to_its_chain(corrupted):
    broken = "UPDATE audit_entry SET action = NULL, at = at - interval '{}'".format
    may = "ALTER TABLE audit_entry ALTER action DROP NOT NULL"
    assert corrupted(may, broken("8 days")) == {}
    assert len(corrupted(may, broken("6 days"))) > 1
