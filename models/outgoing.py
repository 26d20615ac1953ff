"""Where messages go, as an operator writes it: the mail server, the sender of mails, the webhook and its secret.

What is wrong is said without repeating it, since most of it is secret.
"""

import base64
import binascii
from dataclasses import dataclass, field
from email.utils import getaddresses
from urllib.parse import unquote, urlsplit

from email_validator import EmailNotValidError, validate_email

_PORTS = {"smtp": 25, "smtps": 465}
_SECRET = "whsec_"  # noqa: S105  # the mark of one, by the Standard Webhooks specification
_KEY_BYTES = range(24, 65)


@dataclass(frozen=True, slots=True)
class MailServer:
    """An SMTP server. `tls`: from the first byte on; otherwise STARTTLS where it is offered."""

    host: str
    port: int
    tls: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, url: str) -> "MailServer":
        """The server that an address `smtp://user:password@host:port` names.

        Raises
        ------
        ValueError
            where it names none.

        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        extra = host is None or parts.path not in ("", "/") or parts.query or parts.fragment
        if extra or not host or parts.scheme not in _PORTS or (parts.username is None) != (parts.password is None):
            raise ValueError(
                "has to be written like smtp://host:25 or smtps://user:password@host:465; in a user or a password"
                " write %40 for @, %3A for : and %2F for /"
            )
        user, password = parts.username and unquote(parts.username), parts.password and unquote(parts.password)
        return cls(host, port or _PORTS[parts.scheme], parts.scheme == "smtps", user, password)


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom mails come from; the name may be empty."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        """The domain of the address."""
        return self.address.rpartition("@")[2]

    @classmethod
    def of(cls, text: str) -> "Sender":
        """The sender that `Central Hospital <appointments@hospital.example>` or a bare address names.

        Raises
        ------
        ValueError
            where it names none.

        """
        (name, address), *others = getaddresses([text]) or [("", "")]
        try:
            checked = validate_email(address, check_deliverability=False)
        except EmailNotValidError:
            checked = None
        if others or checked is None or checked.ascii_email is None or any(letter < " " for letter in text):
            raise ValueError(
                "has to be an address such as appointments@hospital.example, or Central Hospital <that address>"
            )
        return cls(name, checked.ascii_email)


def check_webhook_url(url: str) -> str:
    """The address, where it is one to which a message can be posted. Raises ValueError where not."""
    try:
        parts = urlsplit(url)
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        whole = False
    if not whole or not url.isprintable() or " " in url:
        raise ValueError("has to be written like https://host/path")
    return url


def check_webhook_secret(secret: str) -> str:
    """The secret, where it is one as the Standard Webhooks specification has it. Raises ValueError where not."""
    try:
        key = base64.b64decode(secret.removeprefix(_SECRET), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(_SECRET) or len(key) not in _KEY_BYTES:
        raise ValueError(
            "has to be whsec_ and 24 to 64 random bytes in base64; make one with:"
            ' echo "whsec_$(openssl rand -base64 32)"'
        )
    return secret
