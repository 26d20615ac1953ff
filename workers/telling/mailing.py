"""Mails to patients, over one connection to the mail server while there are any.

What the server says may repeat an address, so that only its codes are told on (RFC 5321 and RFC 3463).
"""

import datetime as dt
import re
import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from typing import Self

from models.deliveries.letters import read_letter
from models.deliveries.working import Claimed
from models.outgoing import MailServer, Sender
from models.session import transaction
from workers.telling.failing import Failed
from workers.telling.mail import mail

TIMEOUT = 15.0
"""Seconds for the connection, and for each answer."""

NO_ADDRESS = Failed("The patient has no e-mail address any more.", forever=True)
TOO_LATE = Failed("The hour had begun before the patient could be told.", forever=True)
NO_TLS = Failed("The mail server offers no TLS, and the password is not sent in the clear.", away=True)
NO_SIGN_IN = Failed("The mail server lets nobody sign in, though a user is set.", away=True)
ASCII_ONLY = Failed("The mail server takes no address with letters beyond ASCII.", forever=True)

_ENHANCED = re.compile(rb"([245]\.\d{1,3}\.\d{1,3})\b")
_PERMANENT = 500
_CLOSING = 421
_OK = 250


class Mailer:
    """Sends letters through one server."""

    def __init__(self, server: MailServer, sender: Sender, timeout: float = TIMEOUT) -> None:
        self._server = server
        self._sender = sender
        self._timeout = timeout
        self._connection: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection:
            with suppress(OSError):
                self._connection.quit()
        self._hang_up()

    def tell(self, claimed: Claimed, now: dt.datetime) -> Failed | None:
        """Send what a message makes for its patient. None: the server has taken it."""
        with transaction() as session:
            letter = read_letter(session, claimed.topic, claimed.payload, claimed.created_at)
        if letter is None:
            return NO_ADDRESS
        if letter.last_start <= now:
            return TOO_LATE
        return self._send(mail(letter, self._sender, claimed.id))

    def _send(self, message: EmailMessage) -> Failed | None:
        try:
            connection = self._connected()
            if isinstance(connection, Failed):
                return connection
            connection.send_message(message)
        except OSError as error:
            failed = _judged(error)
            if failed.away:
                self._hang_up()
            return failed
        return None

    def _connected(self) -> smtplib.SMTP | Failed:
        """The connection that there is, if it still is one, or a new one, signed in where a user is set."""
        if self._connection and self._is_alive(self._connection):
            return self._connection
        self._hang_up()
        failed = self._sign_in(connection := self._connect())
        if failed is None:
            return connection
        self._hang_up()
        return failed

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        host, port = self._server.host, self._server.port
        if self._server.tls:
            self._connection = smtplib.SMTP_SSL(host, port, timeout=self._timeout, context=context)
        else:
            self._connection = smtplib.SMTP(host, port, timeout=self._timeout)
            self._connection.ehlo_or_helo_if_needed()
            if self._connection.has_extn("starttls"):
                self._connection.starttls(context=context)
        self._connection.ehlo_or_helo_if_needed()
        return self._connection

    def _sign_in(self, connection: smtplib.SMTP) -> Failed | None:
        """Sign in where a user is set, but tell nobody the password in the clear."""
        if self._server.user is None or self._server.password is None:
            return None
        if not isinstance(connection.sock, ssl.SSLSocket):
            return NO_TLS
        if not connection.esmtp_features.get("auth", "").strip():
            return NO_SIGN_IN
        connection.login(self._server.user, self._server.password)
        return None

    @staticmethod
    def _is_alive(connection: smtplib.SMTP) -> bool:
        """Whether the server is still there: many close a connection after so many mails, or seconds."""
        try:
            return connection.noop()[0] == _OK
        except OSError:
            return False

    def _hang_up(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None


def _judged(error: OSError) -> Failed:
    """What an error says of a mail, and of the server; smtplib's are all OSErrors."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            ((code, said),) = error.recipients.values()
            return _refused("the recipient", code, said, forever=code >= _PERMANENT, away=code == _CLOSING)
        case smtplib.SMTPDataError():
            forever = error.smtp_code >= _PERMANENT
            return _refused("the mail", error.smtp_code, error.smtp_error, forever=forever)
        case smtplib.SMTPResponseException():  # at hello, at the user's or the sender's name
            return _refused("us", error.smtp_code, error.smtp_error, away=True)
        case smtplib.SMTPNotSupportedError():
            return ASCII_ONLY
        case _:
            return Failed(
                f"The mail server could not be reached ({error.strerror or type(error).__name__}).", away=True
            )


def _refused(what: str, code: int, said: bytes | str, *, forever: bool = False, away: bool = False) -> Failed:
    found = _ENHANCED.match(said if isinstance(said, bytes) else said.encode())
    codes = f"{code} {found[1].decode()}" if found else str(code)
    return Failed(f"The mail server refused {what} ({codes}).", forever=forever, away=away)
