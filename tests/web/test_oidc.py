"""Sign-in by OpenID Connect: to a provider and back, and everything that may be untrue about who comes back."""

import base64
import hmac
import json
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from joserfc import jwt
from sqlalchemy import func, select, text, update
from structlog.testing import capture_logs

from api.web.access import oidc, provider
from api.web.access.oidc import Failed
from models.access.tables import OidcIdentity, SignIn
from models.people import Role, User
from models.settings import settings
from tests.web.people import Person, hire
from tests.web.providers import CLIENT, SECRET, LyingProvider, lying_provider, new_key, real_provider

BACK = "/app/sign-in/oidc/back"
ANA = {"sub": "s-1", "email": "Ana@hospital.example", "email_verified": True, "name": "Ana of the provider"}


@dataclass
class Visitor(Person):
    """Somebody with a browser, who also keeps the cookie of an attempt."""

    attempt: str | None = None

    def go(self, next_page: str = "/app/requests") -> str:
        """Choose the provider on the sign-in page. Returns the address to which it leads."""
        answer = self.get(f"/app/sign-in/oidc?{urlencode({'next': next_page})}")
        assert answer.status_code == 303
        return answer.headers["location"]

    def come(self, **told: str) -> httpx.Response:
        return self.get(f"{BACK}?{urlencode(told)}")

    def seen(self, answer: httpx.Response) -> httpx.Response:
        for header in answer.headers.get_list("set-cookie"):
            if found := SimpleCookie(header).get(oidc.COOKIE):
                self.attempt = found.value or None
        return super().seen(answer)

    def _cookie(self) -> dict[str, str]:
        kept = super()._cookie().get("Cookie")
        mine = f"{oidc.COOKIE}={self.attempt}" if self.attempt else None
        return {"Cookie": "; ".join(filter(None, (kept, mine)))}


@pytest.fixture
def ana(town, session, stranger) -> Visitor:
    """Ana's browser. We know her by the e-mail address that the provider has of her."""
    hire(session, "ana", email="ana@hospital.example")
    return Visitor(stranger().api)


@pytest.fixture
def another(stranger) -> Visitor:
    return Visitor(stranger().api)


@pytest.fixture
def choose(api, monkeypatch):
    """Lets the server work with a provider."""

    def chosen(issuer: str, **more: str) -> None:
        values = {"OIDC_ISSUER": issuer, "OIDC_CLIENT_ID": CLIENT, "OIDC_NAME": "Central Hospital"} | more
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        oidc._known.cache_clear()

    return chosen


@pytest.fixture
def liar(choose) -> Iterator[LyingProvider]:
    with lying_provider() as provider:
        provider.lies.person = {key: ANA[key] for key in ("sub", "email")}
        choose(provider.issuer)
        yield provider


def why(answer: httpx.Response) -> str | None:
    """Why somebody was sent back to the sign-in page; None: they were not, and go on."""
    assert answer.status_code == 303
    place = urlsplit(answer.headers["location"])
    if place.path != "/app/sign-in":
        return None
    (told,) = parse_qs(place.query)["failed"]
    return told


def sent_back(visitor: Visitor, provider: LyingProvider) -> httpx.Response:
    """The whole way by a provider that answers at once."""
    carried = provider.visit(visitor.go())
    return visitor.come(state=carried["state"], code="a-code")


def test_somebody_signs_in_by_a_real_provider_and_goes_where_they_wanted(choose, ana, session):
    with real_provider(ANA) as issuer:
        choose(issuer, OIDC_CLIENT_SECRET=SECRET)
        there = ana.go("/app/requests?status=open")
        assert there.startswith(f"{issuer}/oauth2/authorize?")
        back = httpx.post(there, data={"sub": "s-1"}, trust_env=False).headers["location"]
        assert back.startswith(f"{ana.api.base_url}{BACK}?".replace("//app", "/app"))
        answer = ana.get(back)
    assert (answer.status_code, answer.headers["location"]) == (303, "/app/requests?status=open")
    assert ana.is_signed_in()
    assert ana.attempt is None
    with session() as opened:
        assert opened.scalars(select(SignIn.method).join(User).where(User.external_id == "ana")).all() == ["oidc"]


def test_the_sign_in_page_offers_it_by_its_name(liar, ana):
    page = ana.get("/app/sign-in?next=/app/requests").text
    assert "Sign in with Central Hospital" in page
    assert 'href="/app/sign-in/oidc?next=/app/requests"' in page


def test_where_there_is_no_provider_nothing_is_offered_and_nobody_comes_back(ana):
    assert "oidc" not in ana.get("/app/sign-in").text
    assert ana.get("/app/sign-in/oidc").status_code == 404
    assert ana.come(state="s", code="c").status_code == 404


def test_what_is_sent_along_binds_the_answer_to_this_attempt(liar, ana, another):
    one, two = (liar.visit(visitor.go()) for visitor in (ana, another))
    assert one["response_type"] == "code"
    assert one["code_challenge_method"] == "S256"
    assert one["client_id"] == CLIENT
    assert set(one["scope"].split()) == {"openid", "email", "profile"}
    assert one["redirect_uri"].endswith(BACK)
    for each in ("state", "nonce", "code_challenge"):
        assert one[each] != two[each]
        assert len(one[each]) >= 43
    assert ana.attempt not in one.values()


def test_the_cookie_of_an_attempt_is_for_this_host_and_soon_over(liar, ana):
    cookie = ana.get("/app/sign-in/oidc").headers["set-cookie"]
    told = {each.strip().lower() for each in cookie.split(";")[1:]}
    assert cookie.startswith("__Host-slotwise-oidc=")
    assert told == {"httponly", "secure", "samesite=lax", "path=/", "max-age=600"}


@pytest.mark.parametrize(
    "place", ["https://elsewhere.example/", "//elsewhere.example", "/docs", "/app/\\elsewhere", ""]
)
def test_nobody_is_led_elsewhere(liar, ana, place):
    carried = liar.visit(ana.go(place))
    assert ana.come(state=carried["state"], code="a-code").headers["location"] == "/app/schedule"


def test_an_honest_answer_leads_in_with_a_new_secret(liar, ana, another):
    ana.cookie = another.cookie = "put-there-by-another"
    assert why(sent_back(ana, liar)) is None
    assert ana.is_signed_in()
    assert not another.is_signed_in()


def test_the_sign_in_that_the_browser_had_ends(liar, ana, another):
    ana.sign_in("ana")
    another.cookie = ana.cookie
    assert another.is_signed_in()
    assert why(sent_back(ana, liar)) is None
    assert not another.is_signed_in()


# What the provider says


def by_hand(algorithm: str, sign):
    """A token as no library makes it: for who takes the algorithm from the token itself."""

    def written(claims: dict[str, object]) -> str:
        head = {"alg": algorithm, "kid": "first", "typ": "JWT"}
        signed = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (head, claims))
        return b".".join((signed, base64.urlsafe_b64encode(sign(signed)).rstrip(b"="))).decode()

    return written


def hmac_signed(secret: bytes):
    """Signed with what is no secret of the provider's alone."""
    return by_hand("HS256", lambda signed: hmac.digest(secret, signed, "sha256"))


LONG_AGO, FAR_AHEAD = 1_000_000_000, 4_102_444_800  # the years 2001 and 2100


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "of another attempt"},
        {"nonce": None},
        {"aud": "another-client"},
        {"aud": ["another-client"]},
        {"aud": None},
        {"aud": [CLIENT, "another-client"]},
        {"azp": "another-client"},
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"exp": LONG_AGO},
        {"exp": None},
        {"exp": "never"},
        {"iat": FAR_AHEAD},
        {"nbf": FAR_AHEAD},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
    ],
    ids=str,
)
def test_a_token_that_is_not_of_us_now_and_here_lets_nobody_in(liar, ana, session, claims):
    liar.lies.claims = claims
    assert why(sent_back(ana, liar)) == Failed.UNPROVED
    assert not ana.is_signed_in()
    with session() as opened:
        assert opened.scalar(select(func.count()).select_from(OidcIdentity)) == 0


def test_a_token_for_several_of_whom_we_asked_lets_in(liar, ana):
    liar.lies.claims = {"aud": [CLIENT, "another-client"], "azp": CLIENT}
    assert why(sent_back(ana, liar)) is None


@pytest.mark.parametrize("forged", ["unsigned", "by our secret", "by the published key", "by another key", "none"])
def test_a_token_that_the_provider_has_not_signed_lets_nobody_in(choose, liar, ana, forged):
    choose(liar.issuer, OIDC_CLIENT_SECRET=SECRET)
    another = new_key(liar.lies.key.kid)
    liar.lies.sign = {
        "unsigned": by_hand("none", lambda _: b""),
        "by our secret": hmac_signed(SECRET.encode()),
        "by the published key": hmac_signed(liar.lies.key.as_pem(private=False)),
        "by another key": lambda claims: jwt.encode({"alg": "RS256", "kid": another.kid}, claims, another),
        "none": lambda _: None,
    }[forged]
    assert why(sent_back(ana, liar)) == Failed.UNPROVED
    assert not ana.is_signed_in()


def test_a_new_key_of_the_provider_is_looked_for(liar, ana, another):
    assert why(sent_back(ana, liar)) is None
    liar.lies.key = new_key("second")
    assert why(sent_back(another, liar)) is None
    assert liar.paths.count("/keys") == 2
    assert liar.paths.count("/.well-known/openid-configuration") == 1


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_e_mail_that_was_not_verified_says_nothing(liar, ana, verified):
    liar.lies.claims = {"email_verified": verified}
    assert why(sent_back(ana, liar)) == Failed.UNVERIFIED
    assert not ana.is_signed_in()


def test_an_e_mail_is_asked_for_where_the_token_has_none(liar, ana):
    liar.lies.person = {"sub": "s-1"}
    liar.lies.user_info = {"sub": "s-1", "email": "ana@hospital.example", "email_verified": True}
    assert why(sent_back(ana, liar)) is None


def test_an_e_mail_of_somebody_else_is_not_theirs(liar, ana):
    liar.lies.person = {"sub": "s-1"}
    liar.lies.user_info = {"sub": "s-2", "email": "ana@hospital.example", "email_verified": True}
    assert why(sent_back(ana, liar)) == Failed.UNPROVED


@pytest.mark.parametrize(
    "published",
    [
        {"issuer": "https://elsewhere.example"},
        {"token_endpoint": "http://elsewhere.example/token"},
        {"jwks_uri": "http://elsewhere.example/keys"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": None},
    ],
    ids=str,
)
def test_a_provider_that_publishes_nonsense_is_not_followed(liar, ana, published):
    liar.lies.published = published
    assert why(ana.get("/app/sign-in/oidc")) == Failed.UNPROVED


@pytest.mark.parametrize("status", [500, 503, 404])
def test_a_provider_that_is_not_well_lets_nobody_in(liar, ana, status):
    carried = liar.visit(ana.go())
    liar.lies.status = status
    failed = ana.come(state=carried["state"], code="a-code")
    assert why(failed) == (Failed.UNPROVED if status == 404 else Failed.AWAY)


def test_a_provider_that_is_away_is_said_to_be(choose, ana):
    choose("http://127.0.0.1:9")
    assert why(ana.get("/app/sign-in/oidc")) == Failed.AWAY


def test_a_provider_that_hangs_does_not_take_all_that_answers(liar, ana, another, monkeypatch):
    monkeypatch.setattr(provider, "_AT_ONCE", threading.BoundedSemaphore(1))
    liar.lies.hold = threading.Event()
    with ThreadPoolExecutor(1) as waiting:
        held = waiting.submit(ana.go)
        deadline = time.monotonic() + 30
        while not liar.paths:
            assert time.monotonic() < deadline
        assert why(another.get("/app/sign-in/oidc")) == Failed.AWAY
        liar.lies.hold.set()
        assert held.result().startswith(liar.issuer)
    assert another.go().startswith(liar.issuer)


# Who comes back


def test_an_attempt_ends_once(liar, ana, another):
    carried = liar.visit(ana.go())
    another.attempt = ana.attempt
    assert why(ana.come(state=carried["state"], code="a-code")) is None
    assert why(another.come(state=carried["state"], code="a-code")) == Failed.LATE
    assert len(liar.asked) == 1
    assert not another.is_signed_in()


def test_an_attempt_that_failed_is_over_as_well(liar, ana):
    carried, kept = liar.visit(ana.go()), ana.attempt
    assert why(ana.come(state=carried["state"], code="a-code-of-another")) == Failed.UNPROVED
    ana.attempt = kept
    assert why(ana.come(state=carried["state"], code="a-code")) == Failed.LATE


def test_nobody_ends_what_another_browser_began(liar, ana, another):
    """Login CSRF: an attacker's own answer in somebody's browser; and an answer that was read on its way."""
    carried = liar.visit(ana.go())
    assert why(another.come(state=carried["state"], code="a-code")) == Failed.LATE
    another.go()
    assert why(another.come(state=carried["state"], code="a-code")) == Failed.LATE
    another.attempt = carried["state"]
    assert why(another.come(state=carried["state"], code="a-code")) == Failed.LATE
    assert not another.is_signed_in()
    assert why(ana.come(state=carried["state"], code="a-code")) is None


@pytest.mark.parametrize("told", [{"state": ""}, {}, {"state": "x\0y"}, {"state": oidc.state_of("")}], ids=str)
def test_a_state_of_nobodys_ends_nothing(liar, ana, told):
    ana.go()
    assert why(ana.come(code="a-code", **told)) == Failed.LATE
    assert ana.attempt is None
    assert why(ana.come(code="a-code", **told)) == Failed.LATE


def test_an_attempt_is_over_after_its_time(liar, ana, session):
    carried = liar.visit(ana.go())
    with session() as opened:
        opened.execute(text("UPDATE oidc_attempt SET created_at = created_at - interval '10 minutes'"))
    assert why(ana.come(state=carried["state"], code="a-code")) == Failed.LATE


def test_whoever_would_not_is_not_signed_in(liar, ana):
    carried = liar.visit(ana.go())
    failed = ana.come(state=carried["state"], error="access_denied", error_description="<b>no</b>")
    assert why(failed) == Failed.DENIED
    assert liar.asked == []


def test_an_answer_of_another_issuer_is_not_taken_to_ours(liar, ana):
    carried = liar.visit(ana.go())
    failed = ana.come(state=carried["state"], code="a-code", iss="https://elsewhere.example")
    assert why(failed) == Failed.UNPROVED
    assert liar.asked == []


def test_only_active_users_come_in_and_nobody_becomes_one(liar, ana, another, session):
    liar.lies.person = {"sub": "s-9", "email": "nobody@hospital.example"}
    assert why(sent_back(another, liar)) == Failed.NOBODY
    liar.lies.person = {"sub": "s-1", "email": "ana@hospital.example"}
    assert why(sent_back(ana, liar)) is None
    with session() as opened:
        opened.execute(update(User).where(User.external_id == "ana").values(active=False))
    assert not ana.is_signed_in()
    assert why(sent_back(ana, liar)) == Failed.NOBODY
    with session() as opened:
        assert opened.scalar(select(func.count()).where(User.email == "nobody@hospital.example")) == 0


def test_no_role_follows_from_what_the_provider_claims(liar, ana, session):
    liar.lies.claims = {"role": "admin", "roles": ["admin"], "groups": ["admin"], "name": "Administrator"}
    assert why(sent_back(ana, liar)) is None
    with session() as opened:
        found = opened.execute(select(User.role, User.name).where(User.external_id == "ana")).one()
    assert found == (Role.STAFF, "Ana")
    assert ana.get("/users").status_code == 403


# How we prove who we are


@pytest.mark.parametrize(
    ("secret", "methods", "expected"),
    [
        (None, ["client_secret_basic"], ("", CLIENT, None)),
        (SECRET, ["client_secret_basic", "client_secret_post"], ("basic", None, None)),
        (SECRET, None, ("basic", None, None)),
        (SECRET, ["client_secret_post"], ("", CLIENT, SECRET)),
    ],
)
def test_the_client_proves_itself_as_the_provider_wants_it(choose, liar, ana, secret, methods, expected):
    choose(liar.issuer, **({"OIDC_CLIENT_SECRET": secret} if secret else {}))
    liar.lies.published = {"token_endpoint_auth_methods_supported": methods} if methods else {}
    assert why(sent_back(ana, liar)) is None
    (asked,) = liar.asked
    basic = f"Basic {base64.b64encode(f'{CLIENT}:{SECRET}'.encode()).decode()}"
    assert asked.authorization == (basic if expected[0] else "")
    assert (asked.form.get("client_id"), asked.form.get("client_secret")) == expected[1:]


# What is told of it


@pytest.mark.parametrize("failed", Failed)
def test_the_sign_in_page_says_why_and_what_to_do(liar, ana, failed):
    page = ana.get(f"/app/sign-in?failed={failed}").text
    (said,) = re.findall(r'role="alert">\s*(?:<p>)?([^<]+)', page)
    assert len(said.split()) > 8


def test_the_sign_in_page_repeats_nothing_that_it_was_sent(liar, ana):
    page = ana.get("/app/sign-in?failed=<b>Call+this+number</b>").text
    assert "Call this number" not in page
    assert 'role="alert"' not in page


def test_neither_secrets_nor_people_are_logged(liar, ana):
    with capture_logs() as lines:
        carried = liar.visit(ana.go())
        attempt = ana.attempt
        ana.come(state=carried["state"], code="a-code")
        carried |= liar.visit(ana.go())
        ana.come(state=carried["state"], code="a-code-of-another")
    told = str(lines)
    assert {"event": "oidc_failed", "kind": "unproved", "reason": "invalid_grant", "log_level": "info"} in [
        {key: line[key] for key in ("event", "kind", "reason", "log_level")} for line in lines if "kind" in line
    ]
    secret = [carried["state"], carried["nonce"], attempt, ana.cookie, "a-code", "an-access-token", "hospital.example"]
    assert [each for each in secret if each and each in told] == []
