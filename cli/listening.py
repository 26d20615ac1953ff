"""Where an instance listens: on this machine alone, unless all that keeps others out is there."""

import ipaddress
import os
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cli.output import Exit, Stop

_OWN_NAMES = "localhost,127.0.0.1,[::1]"
_OWN_ADDRESSES = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # by which this machine reaches itself


@dataclass(frozen=True, slots=True)
class Listening:
    """An address, a port (None: 8000, or any free one), and the certificate to encrypt with, if any."""

    host: str = "127.0.0.1"
    port: int | None = None
    certificate: Path | None = None
    key: Path | None = None

    def check(self) -> None:
        """Refuse to listen where others could do harm; the environment says what is set.

        Raises
        ------
        Stop
            naming everything that is missing.

        """
        if faults := list(self._certificate_faults()):
            raise Stop(" ".join(faults), Exit.USAGE)
        if not self._is_here and (missing := list(self._missing(os.environ))):
            told = "".join(f"\n  - {each}" for each in missing)
            raise Stop(
                f"Slotwise will not listen on {self.host or 'every address'}, which other machines can reach, before "
                f"all is set that keeps strangers out. Missing:{told}",
                Exit.USAGE,
            )

    @property
    def arguments(self) -> list[str]:
        """What tells uvicorn to encrypt."""
        if not (self.certificate and self.key):
            return []
        return ["--ssl-certfile", str(self.certificate), "--ssl-keyfile", str(self.key)]

    @property
    def environment(self) -> dict[str, str]:
        """The host names that the API answers to: those that are set, and this machine's own."""
        named = os.environ.get("ALLOWED_HOSTS")
        return {"ALLOWED_HOSTS": ",".join([*([named] if named else []), _OWN_NAMES, in_url(self.host)])}

    def here(self, port: int) -> str:
        """The address by which this machine's own programs reach it."""
        return f"{'https' if self.certificate else 'http'}://{in_url(_OWN_ADDRESSES.get(self.host, self.host))}:{port}"

    def address(self, port: int) -> str:
        """The address by which people and other machines know it; encrypted, it is the name in the certificate."""
        names = [name.strip() for name in os.environ.get("ALLOWED_HOSTS", "").split(",")]
        return f"https://{names[0]}:{port}" if self.certificate and names[0] else self.here(port)

    @property
    def trust(self) -> ssl.SSLContext | bool:
        """What a program of ours trusts that asks `here`: this one certificate, by whatever name."""
        if not self.certificate:
            return True
        trusting = ssl.create_default_context(cafile=self.certificate)
        trusting.check_hostname = False
        trusting.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        return trusting

    @property
    def _is_here(self) -> bool:
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def _certificate_faults(self) -> Iterator[str]:
        if (self.certificate is None) != (self.key is None):
            yield "--tls-certificate and --tls-key go together; give both or neither."
        elif self.certificate and self.key:
            try:
                ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(self.certificate, self.key, "")
            except (OSError, ssl.SSLError) as error:
                yield (
                    f"{self.certificate} and {self.key} are no certificate and its key without a passphrase, both as "
                    f"PEM: {error.strerror or error}."
                )

    def _missing(self, environ: Mapping[str, str]) -> Iterator[str]:
        if not self.certificate and not environ.get("TRUSTED_PROXIES"):
            yield (
                "encryption: --tls-certificate and --tls-key, or TRUSTED_PROXIES with the addresses of the proxies "
                "that encrypt in front of it"
            )
        if environ.get("ALLOWED_HOSTS", "").strip() in ("", "*"):
            yield "ALLOWED_HOSTS with the host names by which it is known, separated by commas"
        yield from _open_services(environ)


def in_url(host: str) -> str:
    """A host as it is written in an address."""
    return f"[{host}]" if ":" in host else host


def _open_services(environ: Mapping[str, str]) -> Iterator[str]:
    """What the services lack that are not our own: those have passwords, or sockets that nobody else reaches."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        url = urlsplit(environ.get(name, ""))
        if url.hostname and not url.password:
            yield f"a password in {name}: whoever reaches that service may do everything there"
    theirs, owners = environ.get("DATABASE_URL"), environ.get("OWNER_DATABASE_URL")
    if theirs and (not owners or urlsplit(owners).username == urlsplit(theirs).username):
        yield (
            "OWNER_DATABASE_URL, of the role that owns the tables and migrates them, so that DATABASE_URL can be of "
            "one that owns nothing (slotwise_app)"
        )
