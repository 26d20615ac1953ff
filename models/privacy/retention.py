"""What is forgotten once nobody needs it any more, a slice at a time.

Each function deletes at most `limit` rows that are over at `now` and returns how many; rows that somebody else holds
are left for another night. How the record itself is forgotten, `records` says.
"""

import datetime as dt

from sqlalchemy import delete, exists, or_, select, tuple_
from sqlalchemy.orm import Session

from models.access.tables import AccessToken, OidcAttempt, OneTimeCode, SignIn, SignInFailure
from models.booking import BookingRequest, Conflict
from models.calendar_feeds import CalendarFeed
from models.deliveries.tables import Delivery, DeliveryCursor, DeliveryStatus
from models.operations import IdempotencyKey, OutboxMessage
from models.privacy.slices import delete_slice, held_slice, tell_together
from models.validation.remedies.messages import undelivered

KEYS_LAST = dt.timedelta(days=2)
"""How long the answer to an `Idempotency-Key` is kept."""

SIGN_INS_LAST = dt.timedelta(days=30)
"""How long a sign-in that is over is kept, with its browser and address; the audit tells of it for longer."""

ATTEMPTS_LAST = dt.timedelta(days=1)
"""How long it is kept that somebody could not sign in, or has not come back from the provider. It throttles for less
than an hour."""

ENDED_LAST = dt.timedelta(days=400)
"""How long access tokens and calendar addresses that lead nowhere any more are kept, to be told by their names."""


def forget_keys(session: Session, now: dt.datetime, limit: int) -> int:
    """Forget answers that nobody will ask for again."""
    key = IdempotencyKey.route, IdempotencyKey.key, IdempotencyKey.caller
    old = select(*key).where(IdempotencyKey.created_at < now - KEYS_LAST)
    return delete_slice(session, IdempotencyKey, key, old, limit)


def forget_sign_ins(session: Session, now: dt.datetime, limit: int) -> int:
    """Forget sign-ins that were ended, or expired, long ago."""
    over = now - SIGN_INS_LAST
    old = select(SignIn.id).where(or_(SignIn.ended_at < over, SignIn.expires_at < over))
    return delete_slice(session, SignIn, (SignIn.id,), old, limit)


def forget_codes(session: Session, now: dt.datetime, limit: int) -> int:
    """Forget one-time codes that nobody can sign in with any more."""
    old = select(OneTimeCode.user_id).where(OneTimeCode.expires_at < now)
    return delete_slice(session, OneTimeCode, (OneTimeCode.user_id,), old, limit)


def forget_failures(session: Session, now: dt.datetime, limit: int) -> int:
    """Forget attempts to sign in that failed."""
    old = select(SignInFailure.id).where(SignInFailure.at < now - ATTEMPTS_LAST)
    return delete_slice(session, SignInFailure, (SignInFailure.id,), old, limit)


def forget_attempts(session: Session, now: dt.datetime, limit: int) -> int:
    """Forget those who were sent to the provider of OpenID Connect and never came back."""
    old = select(OidcAttempt.state_sha256).where(OidcAttempt.created_at < now - ATTEMPTS_LAST)
    return delete_slice(session, OidcAttempt, (OidcAttempt.state_sha256,), old, limit)


def forget_tokens(session: Session, now: dt.datetime, limit: int) -> int:
    """Forget access tokens that were revoked, or expired, long ago."""
    tell_together(session)
    over = now - ENDED_LAST
    old = select(AccessToken.id).where(or_(AccessToken.revoked_at < over, AccessToken.expires_at < over))
    return delete_slice(session, AccessToken, (AccessToken.id,), old, limit)


def forget_feeds(session: Session, now: dt.datetime, limit: int) -> int:
    """Forget calendar addresses that were revoked long ago."""
    tell_together(session)
    old = select(CalendarFeed.id).where(CalendarFeed.revoked_at < now - ENDED_LAST)
    return delete_slice(session, CalendarFeed, (CalendarFeed.id,), old, limit)


def forget_conflicts(session: Session, now: dt.datetime, limit: int, *, kept: dt.timedelta) -> int:
    """Forget why requests could not be booked that were decided longer ago than `kept` and whose time is over.

    The requests stay. One that could still be booked, should an hour come free, keeps its conflict.
    """
    old = (
        select(Conflict.booking_request_id)
        .join(BookingRequest, BookingRequest.id == Conflict.booking_request_id)
        .where(BookingRequest.decided_at < now - kept, BookingRequest.latest < now)
    )
    return delete_slice(session, Conflict, (Conflict.booking_request_id,), old, limit)


def forget_messages(session: Session, now: dt.datetime, limit: int, *, kept: dt.timedelta) -> int:
    """Forget messages that are older than `kept`, with what became of them.

    One that a channel has not been handed yet stays, and so does one whose delivery is pending, or dead and still worth
    sending.
    """
    message = tuple_(OutboxMessage.transaction_id, OutboxMessage.id)
    reached = tuple_(DeliveryCursor.transaction_id, DeliveryCursor.message_id)
    not_handed_on = select(DeliveryCursor.channel).where(message > reached)
    wanted = select(Delivery.id).where(
        Delivery.message_id == OutboxMessage.id, or_(Delivery.status == DeliveryStatus.PENDING, undelivered(now))
    )
    old = session.scalars(
        held_slice(
            select(OutboxMessage.id).where(
                OutboxMessage.created_at < now - kept,
                ~not_handed_on.correlate(OutboxMessage).exists(),
                ~wanted.correlate(OutboxMessage).exists(),
            ),
            OutboxMessage,
            limit,
        )
    ).all()
    # Somebody may let a dead one be tried again at this moment.
    over = Delivery.message_id.in_(old) & (Delivery.status != DeliveryStatus.PENDING)
    session.execute(delete(Delivery).where(over).execution_options(synchronize_session=False))
    untold = ~exists().where(Delivery.message_id == OutboxMessage.id)
    gone = delete(OutboxMessage).where(OutboxMessage.id.in_(old), untold).returning(OutboxMessage.id)
    return len(session.scalars(gone.execution_options(synchronize_session=False)).all())
