"""A letter as a mail: text to read, the entry for a calendar beside it, and the same entry as a file."""

import uuid
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from email_validator import validate_email

from models.deliveries.letters import Letter
from models.outgoing import Sender
from workers.telling import wording
from workers.telling.invitation import invitation, method


def mail(letter: Letter, sender: Sender, delivery: uuid.UUID) -> EmailMessage:
    """The mail. Its Message-ID is the delivery's: tried twice, it is the same mail twice."""
    address = _in_ascii(letter.address)
    message = EmailMessage(policy=SMTP if address.isascii() else SMTPUTF8)
    message["From"] = _address(sender.name or letter.visit.hospital, sender.address)
    message["To"] = _address(letter.name, address)
    message["Subject"] = wording.subject(letter)
    message["Date"] = format_datetime(letter.told_at)
    message["Message-ID"] = f"<{delivery}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"  # so that no out-of-office notice comes back (RFC 3834)
    message["Content-Language"] = "en"
    message.set_content(wording.text(letter))
    entry = invitation(letter, sender, address)
    how = {"method": method(letter)}
    message.add_alternative(entry.decode(), subtype="calendar", params=how, cte="base64")
    message.add_attachment(entry, "text", "calendar", filename="appointment.ics", params=how, cte="base64")
    return message


def _in_ascii(address: str) -> str:
    """The address as any mail server takes it, where that can be: its domain in punycode."""
    return validate_email(address, check_deliverability=False).ascii_email or address


def _address(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(name, local, domain)
