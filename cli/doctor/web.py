"""The API: whether it is ready, whom it answers to, and how long its certificate holds."""

import datetime as dt
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from cryptography import x509

from cli.doctor.checked import Checked, fail, ok, unknown, warn

_PATIENCE = 10.0  # seconds
_STRANGE = "stranger.invalid"
_RENEW = dt.timedelta(days=21)


def check_api(api: str | None, now: dt.datetime) -> Iterator[Checked]:
    """Everything about the API at an address, where one is known."""
    if api is None:
        yield unknown("API", "nobody has said where one is", "Say --api URL to have it asked.")
        return
    try:
        with httpx.Client(base_url=api, timeout=_PATIENCE, trust_env=False, verify=False) as client:  # noqa: S501  # below
            yield check_ready(client, api)
            yield check_hosts(client)
    except httpx.TransportError as error:
        yield fail("API", f"no answer from {api}: {error}", "Start it, or read in its log why it does not answer.")
        return
    if urlsplit(api).scheme == "https":
        yield check_certificate(_certificate_of(api), api, now)


def check_ready(client: httpx.Client, api: str) -> Checked:
    """Whether it can do its work."""
    answer = client.get("/readyz")
    if answer.is_success:
        return ok("API", f"ready at {api}")
    told = answer.json().get("detail", answer.reason_phrase)
    return fail("API", f"{api} answers {answer.status_code}: {told}", "Mend what it says; it asks again by itself.")


def check_hosts(client: httpx.Client) -> Checked:
    """Whether it answers by names that are not its own: other sites' pages could then make a browser ask it."""
    if client.get("/problems", headers={"Host": _STRANGE}).is_success:  # probes answer to any name
        remedy = "Set ALLOWED_HOSTS to the names by which people reach it, and nothing else."
        return fail("allowed hosts", f"it answers to any name, {_STRANGE} too", remedy)
    return ok("allowed hosts", "it answers to its own names only")


def check_certificate(pem: str | Path, where: object, now: dt.datetime) -> Checked:
    """How long a certificate holds."""
    text = pem.read_text(encoding="ascii") if isinstance(pem, Path) else pem
    ends = x509.load_pem_x509_certificate(text.encode()).not_valid_after_utc
    says = f"the certificate of {where} holds until {ends:%d %b %Y}"
    remedy = "Renew it and start the API (or the proxy) again."
    if ends <= now:
        return fail("certificate", says, remedy)
    return warn("certificate", says, remedy) if ends - now < _RENEW else ok("certificate", says)


def _certificate_of(api: str) -> str:
    parts = urlsplit(api)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # one that is over is to be read, too
    with (
        socket.create_connection((str(parts.hostname), parts.port or 443), _PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname=parts.hostname) as encrypted,
    ):
        return ssl.DER_cert_to_PEM_cert(encrypted.getpeercert(binary_form=True) or b"")
