"""Secrets that we make: shown once, and kept as digests only.

They are 256 random bits, so a fast digest will do: nobody guesses them. What people choose (passwords) is another
matter (`models.access.passwords`).
"""

import hashlib
import hmac
import secrets


def new_secret(prefix: str = "") -> str:
    """A new secret, safe in headers and addresses."""
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """What is stored of a secret: 32 bytes."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def form_secret(sign_in: str) -> str:
    """What every form of a sign-in carries, and what another site's page cannot know: derived from its secret."""
    return hmac.new(sign_in.encode("utf-8", "surrogatepass"), b"forms", hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two secrets are one, in a time that tells nothing about where they differ."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))
