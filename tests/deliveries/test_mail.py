"""A patient is mailed what happened to their appointment, in words and as an entry for their calendar."""

import datetime as dt
import ssl
import subprocess

import pytest
import structlog

from models.deliveries.tables import Channel
from tests.deliveries.clinic import DAY, at
from tests.deliveries.receivers import Mailbox, mail_server
from workers.telling import mailing
from workers.telling.mailing import Mailer


@pytest.fixture
def deliver(deliver):
    """By e-mail alone."""
    return lambda later=0, **values: deliver(later, WEBHOOK_URL=None, WEBHOOK_SECRET=None, **values)


THAT_DAY = f"{DAY:%A} {DAY.day} {DAY:%B} {DAY.year}"


def visit(hour: int, doctor: str = "Dr Priya Nguyen", hospital: str = "Blue Lake Hospital") -> str:
    clock = f"{hour:02}:00 to {hour + 1:02}:00 by the hospital's clock (Australia/Adelaide)"
    return "".join(f"    {line}\n" for line in (THAT_DAY, clock, doctor, hospital))


def test_a_booking_is_told_with_its_day_hour_doctor_and_hospital(clinic, mailbox, deliver):
    clinic.book(9)
    deliver()
    (mail,) = mailbox.mails
    assert (mail.sender, mail.recipients) == ("appointments@hospital.example", ["liam@example.org"])
    assert mail.message["From"] == "Blue Lake Hospital <appointments@hospital.example>"
    assert mail.message["To"] == "Liam O'Brien <liam@example.org>"
    assert mail.message["Subject"] == f"Your appointment on {THAT_DAY}"
    assert "Dear Liam O'Brien,\n\nyou have an appointment:\n\n" + visit(9) in mail.text
    assert mail.message["Auto-Submitted"] == "auto-generated"


def test_the_calendars_entry_says_the_same_beside_the_text_and_as_a_file(clinic, mailbox, deliver):
    appointment = clinic.book(9)
    deliver()
    (mail,) = mailbox.mails
    (method, beside), (file_method, file) = mail.calendars
    assert (method, file_method, str(mail.calendar["METHOD"])) == ("REQUEST", "REQUEST", "REQUEST")
    assert beside == file
    assert b"\r\n" in file
    event = mail.event
    assert (event.uid, event.sequence) == (str(appointment), 0)
    assert (event.start, event.end) == (at(9), at(10))
    assert mail.message["Date"].datetime == event.DTSTAMP
    assert (str(event["SUMMARY"]), str(event["LOCATION"])) == ("Appointment with Dr Priya Nguyen", "Blue Lake Hospital")
    assert (str(event["ORGANIZER"]), str(event["ATTENDEE"])) == (
        "mailto:appointments@hospital.example",
        "mailto:liam@example.org",
    )
    assert event["ATTENDEE"].params["CN"] == "Liam O'Brien"
    assert str(event["STATUS"]) == "CONFIRMED"
    (attachment,) = mail.message.iter_attachments()
    assert attachment.get_filename() == "appointment.ics"
    assert beside.count(b"UID:") == 1


def test_a_calendar_follows_book_move_move_and_cancel(clinic, mailbox, deliver):
    appointment = clinic.book(9)
    clinic.move(appointment, 10)
    clinic.move(appointment, 11, doctor="d2", hospital="caves")
    clinic.cancel(appointment)
    deliver()
    told = [
        (
            str(mail.calendar["METHOD"]),
            mail.event.uid,
            mail.event.sequence,
            mail.event.start,
            str(mail.event["STATUS"]),
        )
        for mail in mailbox.mails
    ]
    assert told == [
        ("REQUEST", str(appointment), 0, at(9), "CONFIRMED"),
        ("REQUEST", str(appointment), 1, at(10), "CONFIRMED"),
        ("REQUEST", str(appointment), 2, at(11), "CONFIRMED"),
        ("CANCEL", str(appointment), 3, at(11), "CANCELLED"),
    ]
    assert [mail.calendars[0][0] for mail in mailbox.mails] == ["REQUEST", "REQUEST", "REQUEST", "CANCEL"]


def test_two_quick_changes_are_two_mails_each_of_its_own_hours(clinic, mailbox, deliver):
    appointment = clinic.book(9)
    clinic.move(appointment, 10)
    clinic.move(appointment, 11, doctor="d2", hospital="caves")
    deliver()
    _, first, second = [mail.text for mail in mailbox.mails]
    assert "your appointment has been moved.\n\nIt was:\n\n" + visit(9) + "\nIt is now:\n\n" + visit(10) in first
    there = visit(11, "Dr Tom Baker", "Caves Road Clinic")
    assert "It was:\n\n" + visit(10) + "\nIt is now:\n\n" + there in second
    assert mailbox.mails[1].message["Subject"] == f"Your appointment has been moved to {THAT_DAY}"


def test_a_cancellation_names_the_hour_that_is_cancelled(clinic, mailbox, deliver):
    clinic.cancel(clinic.book(9))
    deliver()
    mail = mailbox.mails[-1]
    assert mail.message["Subject"] == f"Your appointment on {THAT_DAY} has been cancelled"
    assert "your appointment has been cancelled:\n\n" + visit(9) in mail.text


def test_what_is_told_of_one_appointment_stays_in_order_when_the_first_mail_has_to_wait(clinic, mailbox, deliver):
    appointment = clinic.book(9)
    clinic.move(appointment, 10)
    mailbox.refusals.append("451 4.7.1 Greylisted, try again later")
    deliver()
    assert mailbox.mails == []
    deliver(60)
    assert [mail.event.sequence for mail in mailbox.mails] == [0, 1]


def test_names_with_any_letters_and_marks_arrive(clinic, mailbox, deliver):
    clinic.patient("p1", 'Zoë "Zo" O\'Brien, née Müller; 李', "zoe@bücher.example")
    clinic.book(9)
    deliver()
    (mail,) = mailbox.mails
    assert mail.recipients == ["zoe@xn--bcher-kva.example"]
    (to,) = mail.message["To"].addresses
    assert to.display_name == 'Zoë "Zo" O\'Brien, née Müller; 李'
    assert 'Dear Zoë "Zo" O\'Brien, née Müller; 李,' in mail.text
    assert str(mail.event["ATTENDEE"]) == "mailto:zoe@xn--bcher-kva.example"


def test_the_address_is_the_one_that_the_patient_has_now(clinic, mailbox, deliver):
    clinic.book(9)
    clinic.book(10)
    mailbox.refusals.append("451 4.3.0 Not now")
    deliver()
    clinic.patient("p1", "Liam O'Brien", "new@example.org")
    deliver(60)
    assert [mail.recipients for mail in mailbox.mails] == [["liam@example.org"], ["new@example.org"]]


def test_an_address_that_has_been_taken_away_is_said(clinic, mailbox, deliver):
    clinic.book(9)
    mailbox.refusals.append("451 4.3.0 Not now")
    deliver()
    clinic.patient("p1", "Liam O'Brien", None)
    deliver(60)
    (delivery,) = clinic.deliveries()
    assert (delivery.status, delivery.last_error) == ("dead", "The patient has no e-mail address any more.")


def test_nobody_is_told_of_an_hour_that_has_begun(clinic, mailbox, deliver):
    clinic.book(9)
    mailbox.refusals.append("451 4.3.0 Not now")
    deliver()
    deliver((at(9) - dt.datetime.now(dt.UTC)).total_seconds() + 1)
    (delivery,) = clinic.deliveries()
    assert (delivery.status, mailbox.mails) == ("dead", [])
    assert delivery.last_error == "The hour had begun before the patient could be told."


@pytest.mark.parametrize(
    ("refusal", "status", "reason"),
    [
        ("550 5.1.1 <liam@example.org>: no such user", "dead", "The mail server refused the recipient (550 5.1.1)."),
        ("450 4.2.2 <liam@example.org>: full", "pending", "The mail server refused the recipient (450 4.2.2)."),
        ("550 liam@example.org unknown", "dead", "The mail server refused the recipient (550)."),
        ("DATA 554 5.7.1 for liam@example.org: no", "dead", "The mail server refused the mail (554 5.7.1)."),
        ("DATA 452 4.3.1 later", "pending", "The mail server refused the mail (452 4.3.1)."),
    ],
)
def test_a_refusal_is_final_or_not_by_its_code_and_never_repeats_the_address(
    clinic, mailbox, deliver, refusal, status, reason
):
    clinic.book(9)
    mailbox.refusals.append(refusal)
    with structlog.testing.capture_logs() as lines:
        deliver()
    (delivery,) = clinic.deliveries()
    assert (delivery.status, delivery.attempts, delivery.last_error) == (status, 1, reason)
    assert "liam" not in str(lines).lower()


def test_one_who_is_refused_keeps_no_other_from_their_mail(clinic, mailbox, deliver):
    clinic.book(9)
    clinic.patient("p2", "Mia Reid", "mia@example.org")
    clinic.book(10, "p2")
    mailbox.refusals.append("550 5.1.1 no such user")
    deliver()
    assert clinic.statuses(Channel.EMAIL) == ["dead", "delivered"]
    assert mailbox.connections == 1


def test_a_mail_is_the_same_mail_however_often_it_is_tried(clinic, mailbox, deliver, monkeypatch):
    clinic.book(9)
    with monkeypatch.context() as patched:
        patched.setattr("workers.deliveries._mark", lambda *_: None)  # as if the worker had died there
        deliver()
    deliver(200)
    first, second = mailbox.mails
    (delivery,) = clinic.deliveries()
    assert first.message["Message-ID"] == second.message["Message-ID"] == f"<{delivery.id}@hospital.example>"
    assert first.calendars == second.calendars
    assert first.text == second.text
    assert (delivery.status, delivery.attempts) == ("delivered", 2)


def test_a_server_that_is_away_is_waited_for(clinic, mail_port, deliver):
    for hour in (9, 10):
        clinic.book(hour)
    deliver()
    first, second = clinic.deliveries()
    assert (first.status, first.attempts, second.attempts) == ("pending", 1, 0)
    assert "could not be reached" in first.last_error
    mailbox = Mailbox()
    with mail_server(mailbox, mail_port):
        deliver(60)
    assert len(mailbox.mails) == 2


def test_a_connection_that_the_server_closed_is_opened_anew(clinic, mailbox, deliver, monkeypatch):
    original = Mailer._is_alive

    def hang_up(connection):
        connection.sock.shutdown(2)
        return original(connection)

    monkeypatch.setattr(Mailer, "_is_alive", staticmethod(hang_up))
    clinic.book(9)
    clinic.book(10)
    deliver()
    assert (len(mailbox.mails), mailbox.connections) == (2, 2)


def test_an_address_beyond_ascii_goes_to_a_server_that_takes_it(clinic, mailbox, deliver):
    clinic.patient("p1", "Zoë", "zoë@bücher.example")
    clinic.book(9)
    deliver()
    assert [mail.recipients for mail in mailbox.mails] == [["zoë@bücher.example"]]


def test_an_address_beyond_ascii_is_given_up_where_the_server_takes_none(clinic, mail_port, deliver):
    clinic.patient("p1", "Zoë", "zoë@bücher.example")
    clinic.book(9)
    with mail_server(Mailbox(), mail_port, smtputf8=False):
        deliver()
    (delivery,) = clinic.deliveries()
    assert (delivery.status, delivery.last_error) == (
        "dead",
        "The mail server takes no address with letters beyond ASCII.",
    )


def test_what_goes_wrong_on_our_side_keeps_no_other_from_their_mail_and_is_logged_without_names(
    clinic, mailbox, deliver, monkeypatch
):
    clinic.book(9)
    clinic.book(10)
    original, failures = mailing.mail, iter(["Liam O'Brien cannot be written"])

    def write(letter, sender, delivery):
        for failure in failures:
            raise RuntimeError(failure)
        return original(letter, sender, delivery)

    monkeypatch.setattr(mailing, "mail", write)
    with structlog.testing.capture_logs() as lines:
        deliver()
    first, second = clinic.deliveries()
    assert (first.status, first.last_error) == ("pending", "Something is wrong on our side (RuntimeError).")
    assert second.status == "delivered"
    assert ("RuntimeError", "write") in [(line.get("error"), line.get("where", "").split(":")[0]) for line in lines]
    assert "Liam" not in str(lines)


class TestSecured:
    """Mail servers that encrypt, and that want to know who sends."""

    @pytest.fixture
    def certificate(self, tmp_path, monkeypatch) -> ssl.SSLContext:
        """A server's certificate for 127.0.0.1, which this process trusts."""
        cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
                *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert),
            ],
            check=True,
            capture_output=True,
        )
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(cert, key)
        return context

    @pytest.fixture
    def signed_in(self, deliver, mail_port):
        return lambda later=0: deliver(later, SMTP_URL=f"smtp://slotwise:p%40ss@127.0.0.1:{mail_port}")

    def test_what_can_be_encrypted_is(self, clinic, deliver, mail_port, certificate):
        clinic.book(9)
        mailbox = Mailbox()
        with mail_server(mailbox, mail_port, starttls=certificate):
            deliver()
        assert [mail.encrypted for mail in mailbox.mails] == [True]

    def test_what_is_encrypted_from_the_first_byte_on_is_too(self, clinic, deliver, mail_port, certificate):
        clinic.book(9)
        mailbox = Mailbox()
        with mail_server(mailbox, mail_port, tls=certificate):
            deliver(SMTP_URL=f"smtps://127.0.0.1:{mail_port}")
        assert [mail.recipients for mail in mailbox.mails] == [["liam@example.org"]]
        assert clinic.statuses(Channel.EMAIL) == ["delivered"]

    def test_a_server_that_lets_nobody_sign_in_is_told_nothing(self, clinic, signed_in, mail_port, certificate):
        clinic.book(9)
        mailbox = Mailbox()
        with mail_server(mailbox, mail_port, starttls=certificate, auth_exclude_mechanism=["LOGIN", "PLAIN"]):
            signed_in()
        (delivery,) = clinic.deliveries()
        assert mailbox.mails == []
        assert delivery.last_error == "The mail server lets nobody sign in, though a user is set."

    def test_a_certificate_that_nobody_vouches_for_gets_no_mail(
        self, clinic, deliver, mail_port, certificate, monkeypatch
    ):
        monkeypatch.delenv("SSL_CERT_FILE")
        clinic.book(9)
        mailbox = Mailbox()
        with mail_server(mailbox, mail_port, starttls=certificate):
            deliver()
        assert mailbox.mails == []
        assert clinic.statuses(Channel.EMAIL) == ["pending"]

    def test_a_user_signs_in_over_tls(self, clinic, signed_in, mail_port, certificate):
        clinic.book(9)
        mailbox = Mailbox()
        with mail_server(mailbox, mail_port, starttls=certificate, password=b"p@ss"):
            signed_in()
        assert [mail.user for mail in mailbox.mails] == ["slotwise"]

    def test_a_wrong_password_is_tried_again_since_it_can_be_put_right(self, clinic, signed_in, mail_port, certificate):
        clinic.book(9)
        with mail_server(Mailbox(), mail_port, starttls=certificate, password=b"other"):
            signed_in()
        (delivery,) = clinic.deliveries()
        assert (delivery.status, delivery.last_error) == ("pending", "The mail server refused us (535 5.7.8).")

    def test_a_password_is_never_sent_in_the_clear(self, clinic, signed_in, mailbox):
        clinic.book(9)
        signed_in()
        (delivery,) = clinic.deliveries()
        assert mailbox.mails == []
        assert "the password is not sent in the clear" in delivery.last_error
