"""Sign-in by OpenID Connect: attempts that are under way, and whom a provider means.

Nobody becomes a user by it, and no role follows from what a provider claims: it only says which of our users this is.
"""

import datetime as dt
import hashlib
import hmac
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as insert_unless
from sqlalchemy.orm import Session

from models.access import sign_ins
from models.access.accounts import MAY_SIGN_IN
from models.access.acting import Actor, ActorKind, acting
from models.access.secrets import digest, new_secret
from models.access.sign_ins import Browser
from models.access.tables import OidcAttempt, OidcIdentity, SignInMethod
from models.people import User
from models.session import transaction

ATTEMPT_LASTS = dt.timedelta(minutes=10)
"""How long somebody may take at the provider."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is sent along to the provider (`state`, `nonce`, and of `code_verifier` the digest) and comes back."""

    state: str
    nonce: str
    code_verifier: str
    next: str


class Unmatched(StrEnum):
    """Why whoever the provider means is nobody who may sign in."""

    NOT_VERIFIED = "not-verified"  # unknown so far, and without an e-mail that the provider has verified
    NOBODY = "nobody"  # not exactly one user could be meant
    INACTIVE = "inactive"


def state_of(browser: str) -> str:
    """The state of an attempt, from the secret that only the browser that began it has.

    The state stands in addresses, where others may read it; the secret cannot be told from it, so that nobody else can
    finish what this browser began, and this browser finishes nothing that somebody else began.
    """
    return hmac.new(browser.encode("utf-8", "surrogatepass"), b"oidc", hashlib.sha256).hexdigest()


def begin_attempt(session: Session, browser: str, to: str, now: dt.datetime) -> Attempt:
    """Write down that a browser is sent to the provider, and is to go `to` when it has come back."""
    session.execute(delete(OidcAttempt).where(OidcAttempt.created_at <= now - ATTEMPT_LASTS))
    begun = Attempt(state=state_of(browser), nonce=new_secret(), code_verifier=new_secret(), next=to)
    session.execute(
        insert(OidcAttempt).values(
            state_sha256=digest(begun.state),
            nonce=begun.nonce,
            code_verifier=begun.code_verifier,
            next=to,
            created_at=now,
        )
    )
    return begun


def take_attempt(session: Session, state: str, now: dt.datetime) -> Attempt | None:
    """The attempt of a state, which is over with this, whatever becomes of it. None: there is none any more."""
    taken = session.execute(
        delete(OidcAttempt)
        .where(OidcAttempt.state_sha256 == digest(state))
        .returning(OidcAttempt.nonce, OidcAttempt.code_verifier, OidcAttempt.next, OidcAttempt.created_at)
    ).one_or_none()
    if taken is None or taken.created_at <= now - ATTEMPT_LASTS:
        return None
    return Attempt(state, taken.nonce, taken.code_verifier, taken.next)


def sign_in(
    issuer: str, subject: str, email: str | None, browser: Browser, now: dt.datetime, lasts: dt.timedelta
) -> str | Unmatched:
    """Sign in whom a provider means (see `user_meant`). Returns the secret of the sign-in, or why it is nobody."""
    with acting(None), transaction() as session:
        user = user_meant(session, issuer, subject, email)
    if isinstance(user, Unmatched):
        return user
    who = Actor(ActorKind.USER, user.name, user.id, browser.request_id, browser.address)
    with acting(who), transaction() as session:
        return sign_ins.welcome(session, user.id, SignInMethod.OIDC, browser, now, lasts)


def user_meant(session: Session, issuer: str, subject: str, email: str | None) -> User | Unmatched:
    """The user whom a provider means by a subject.

    The first time it is the one active user who has the e-mail that the provider has verified (`email`; None: none),
    any case, and whom it does not know by another subject; from then on the subject alone decides.
    """
    known = _known(session, issuer, subject)
    if known is not None:
        return known if known.active else Unmatched.INACTIVE
    if email is None:
        return Unmatched.NOT_VERIFIED
    same_email = select(User).where(func.lower(User.email) == email.lower(), User.active, User.role.in_(MAY_SIGN_IN))
    # Letters of other alphabets may be ASCII ones in lower case (the Kelvin sign is a k), and so another's address.
    found = session.scalars(same_email.limit(2)).all() if email.isascii() else []
    if len(found) != 1:
        return Unmatched.NOBODY
    # Whoever comes with another subject, or at the same time, finds the row: the table has one for each user.
    taken = insert_unless(OidcIdentity).values(issuer=issuer, subject=subject, user_id=found[0].id)
    session.execute(taken.on_conflict_do_nothing())
    return _known(session, issuer, subject) or Unmatched.NOBODY


def _known(session: Session, issuer: str, subject: str) -> User | None:
    identity = select(OidcIdentity.user_id).where(OidcIdentity.issuer == issuer, OidcIdentity.subject == subject)
    return session.scalars(select(User).where(User.id.in_(identity))).one_or_none()
