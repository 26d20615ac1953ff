"""Addresses to which secrets are sent: those of a provider of OpenID Connect."""

import ipaddress
from urllib.parse import urlsplit


def keeps_secrets(url: str) -> bool:
    """Whether nobody reads along on the way: the address is encrypted, or of this machine."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or port == 0 or not url.isprintable() or " " in url:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_this_machine(host))


def check_issuer(url: str) -> str:
    """The address, where it can be that of an issuer. Raises ValueError where not."""
    if not keeps_secrets(url) or any(letter in url for letter in "?#@"):
        raise ValueError("has to be written like https://accounts.hospital.example, as the provider itself writes it")
    return url


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
