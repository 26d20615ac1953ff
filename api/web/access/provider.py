"""The provider of OpenID Connect: how people are sent to it, and whom it says they are when they come back.

The code flow with PKCE, a state and a nonce. What it sends is taken for true only where its published keys have signed
it, for us, for this attempt, and not long ago. Sources: OpenID Connect Core 1.0, section 3.1 (3.1.3.7 what is checked
of an ID token) and 5.3 (user info); OpenID Connect Discovery 1.0, section 4; RFC 7636 (PKCE); RFC 9700 (advice).
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from threading import BoundedSemaphore
from typing import Annotated, Any

import httpx
from authlib.oauth2 import OAuth2Client, OAuth2Error
from joserfc import jwt
from joserfc.errors import InvalidClaimError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from pydantic import AfterValidator, BaseModel, ValidationError

from models.access.issuers import keeps_secrets
from models.access.oidc import Attempt

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""What an ID token may be signed with: by the provider's private keys, never by a secret that is shared with it."""

SCOPE = "openid email profile"
KEPT = dt.timedelta(minutes=10)
"""How long what the provider publishes is kept before it is read again."""

LEEWAY = 60
"""Seconds by which the provider's clock may differ from ours."""

_TIMEOUT = 5.0  # seconds for each step of an answer
_AT_ONCE = BoundedSemaphore(16)  # a provider that hangs must not take all threads that answer requests
_CODE = re.compile(r"[a-z_]{1,40}")


class Kind(StrEnum):
    """What went wrong between the provider and us."""

    AWAY = "away"  # it could not be reached, or was not well
    UNCLEAR = "unclear"  # what it publishes or answers is not what the protocol says
    REFUSED = "refused"  # it would not tell who came back with this code
    FALSE = "false"  # what it says of who came is not proved


class ProviderFault(Exception):  # noqa: N818  # what it is
    """The provider has not told who somebody is. `reason` is one word for the log, and names nobody."""

    def __init__(self, kind: Kind, reason: str) -> None:
        self.kind = kind
        self.reason = reason
        super().__init__(f"{kind}: {reason}")


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the provider means. `email` is one that it has verified; None: it tells of none."""

    subject: str
    email: str | None


def _address(url: str) -> str:
    if not keeps_secrets(url):
        raise ValueError("is neither encrypted nor of this machine")
    return url


Address = Annotated[str, AfterValidator(_address)]


class Published(BaseModel):
    """What a provider publishes of itself, as far as it is of use here."""

    issuer: str
    authorization_endpoint: Address
    token_endpoint: Address
    jwks_uri: Address
    userinfo_endpoint: Address | None = None
    token_endpoint_auth_methods_supported: list[str] = ["client_secret_basic"]


class Provider:
    """One provider, and what this server is to it."""

    def __init__(self, issuer: str, client_id: str, client_secret: str | None) -> None:
        self.issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._published: tuple[dt.datetime, Published] | None = None
        self._keys: tuple[dt.datetime, KeySet] | None = None

    def address(self, attempt: Attempt, back: str, now: dt.datetime) -> str:
        """Where a browser is sent that begins an attempt; `back` is where it comes back to.

        Raises
        ------
        ProviderFault
            where the provider is away or publishes nonsense.

        """
        with _http() as http:
            published = self._read_published(http, now)
            url, _ = self._client(http, back).create_authorization_url(
                published.authorization_endpoint,
                state=attempt.state,
                nonce=attempt.nonce,
                code_verifier=attempt.code_verifier,
            )
        return str(url)

    def identity(self, code: str, attempt: Attempt, back: str, now: dt.datetime) -> Identity:
        """Whom the provider means by a code that came back with an attempt.

        Raises
        ------
        ProviderFault
            where it does not tell, or does not prove it.

        """
        with _http() as http:
            published = self._read_published(http, now)
            token = self._exchange(http, published, code, attempt, back)
            claims = self._proved(http, published, token.get("id_token"), attempt.nonce, now)
            told = claims
            if "email" not in claims and published.userinfo_endpoint:
                told = _ask(http, published.userinfo_endpoint, token.get("access_token"))
                if told.get("sub") != claims["sub"]:
                    raise ProviderFault(Kind.FALSE, "other_subject")
        verified = told.get("email_verified") is True and isinstance(told.get("email"), str)
        return Identity(claims["sub"], told["email"] if verified else None)

    def _client(self, http: httpx.Client, back: str) -> OAuth2Client:
        return OAuth2Client(
            http, client_id=self._client_id, scope=SCOPE, redirect_uri=back, code_challenge_method="S256"
        )

    def _read_published(self, http: httpx.Client, now: dt.datetime) -> Published:
        if self._published and now - self._published[0] < KEPT:
            return self._published[1]
        published = Published.model_validate(_ask(http, f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"))
        if published.issuer != self.issuer:
            raise ProviderFault(Kind.UNCLEAR, "other_issuer")
        self._published = now, published
        return published

    def _exchange(
        self, http: httpx.Client, published: Published, code: str, attempt: Attempt, back: str
    ) -> Mapping[str, Any]:  # Any: the provider's
        """What the provider gives for a code, once, to who began the attempt."""
        auth, proof = httpx.Auth(), {"client_id": self._client_id}  # a public client: PKCE is its proof
        if self._client_secret and "client_secret_basic" in published.token_endpoint_auth_methods_supported:
            auth, proof = httpx.BasicAuth(self._client_id, self._client_secret), {}
        elif self._client_secret:
            proof["client_secret"] = self._client_secret
        fetched: Mapping[str, Any] = self._client(http, back).fetch_token(
            published.token_endpoint,
            grant_type="authorization_code",
            code=code,
            code_verifier=attempt.code_verifier,
            auth=auth,
            **proof,
        )
        return fetched

    def _proved(
        self, http: httpx.Client, published: Published, id_token: object, nonce: str, now: dt.datetime
    ) -> Mapping[str, Any]:  # Any: the provider's claims
        """The claims of an ID token: signed by the provider, for us, for this attempt, and still to be used."""
        if not isinstance(id_token, str):
            raise ProviderFault(Kind.FALSE, "no_id_token")
        try:
            claims = jwt.decode(id_token, self._read_keys(http, published, now), ALGORITHMS).claims
        except InvalidKeyIdError:  # the provider may have a new key
            self._keys = None
            claims = jwt.decode(id_token, self._read_keys(http, published, now), ALGORITHMS).claims
        jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=LEEWAY,
            iss={"essential": True, "value": self.issuer},
            sub={"essential": True},
            aud={"essential": True, "value": self._client_id},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        ).validate(claims)
        only_ours = claims["aud"] in (self._client_id, [self._client_id])
        if claims.get("azp", self._client_id if only_ours else None) != self._client_id:
            raise ProviderFault(Kind.FALSE, "other_party")
        return claims

    def _read_keys(self, http: httpx.Client, published: Published, now: dt.datetime) -> KeySet:
        if self._keys is None or now - self._keys[0] >= KEPT:
            keys: Any = _ask(http, published.jwks_uri)  # Any: KeySet itself says what will do
            self._keys = now, KeySet.import_key_set(keys)
        return self._keys[1]


@contextmanager
def _http() -> Iterator[httpx.Client]:
    """Connections to the provider; whatever goes wrong with them, and with what comes of them, is a ProviderFault."""
    if not _AT_ONCE.acquire(blocking=False):
        raise ProviderFault(Kind.AWAY, "too_many_at_once")
    try:
        with httpx.Client(timeout=_TIMEOUT, follow_redirects=False, headers={"User-Agent": "Slotwise"}) as http:
            yield http
    except httpx.HTTPStatusError as error:
        kind = Kind.AWAY if error.response.is_server_error else Kind.UNCLEAR
        raise ProviderFault(kind, f"status_{error.response.status_code}") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ProviderFault(Kind.AWAY, type(error).__name__) from None
    except OAuth2Error as error:
        reason = str(error.error)
        raise ProviderFault(Kind.REFUSED, reason if _CODE.fullmatch(reason) else "unknown") from None
    except InvalidClaimError as error:
        raise ProviderFault(Kind.FALSE, f"{error.error}_{error.claim}") from None
    except JoseError as error:
        raise ProviderFault(Kind.FALSE, error.error) from None
    except (ValidationError, ValueError, KeyError, TypeError) as error:
        raise ProviderFault(Kind.UNCLEAR, type(error).__name__) from None
    finally:
        _AT_ONCE.release()


def _ask(http: httpx.Client, url: str, access_token: object = None) -> dict[str, Any]:  # Any: the provider's
    """The JSON object at an address of the provider."""
    headers = {"Authorization": f"Bearer {access_token}"} if access_token else {}
    answer = http.get(url, headers=headers).raise_for_status().json()
    if not isinstance(answer, dict):
        raise ProviderFault(Kind.UNCLEAR, "no_object")
    return answer
