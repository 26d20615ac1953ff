"""Delivering what the outbox tells: handed to the channels in use, claimed, told, marked. At least once.

Nothing is told inside a transaction. A worker that is killed after it has told something and before it could say so
leaves a lease that runs out: the same is told again, under the same id.
"""

import datetime as dt
import random
import traceback
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Protocol

import structlog
from sqlalchemy.exc import DBAPIError

from models.deliveries.handing import hand_on, use_channels
from models.deliveries.tables import Channel
from models.deliveries.working import Claimed, bury_lost, claim, hand_back, mark_delivered, mark_failed
from models.outgoing import MailServer, Sender
from models.seeing import traces
from models.session import transaction
from models.settings import Settings
from workers import draining
from workers.bell import DELIVER, ring
from workers.measures import TOLD
from workers.retrying import retrying
from workers.telling.failing import Failed
from workers.telling.mailing import Mailer
from workers.telling.webhook import Webhook

Clock = Callable[[], dt.datetime]

ROUND = dt.timedelta(seconds=2)
"""How long a round begins deliveries by one channel; then others have their turn, and planning. With two channels it is
shorter than `SWEEP_EVERY`: where one process does everything, what beat rings for meanwhile is not past its time.
"""

AT_ONCE = 1000
"""The most messages that are handed on in one transaction."""

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Way(Protocol):
    """Tells what is claimed, or says why it could not."""

    def tell(self, claimed: Claimed, now: dt.datetime) -> Failed | None:
        """None: it has arrived."""


Ways = Mapping[Channel, Callable[[], AbstractContextManager[Way]]]
"""How each channel in use is opened."""


def ways(chosen: Settings) -> Ways:
    """The channels that an operator has set."""
    found: dict[Channel, Callable[[], AbstractContextManager[Way]]] = {}
    if chosen.webhook_url and chosen.webhook_secret:
        url, secret = chosen.webhook_url, chosen.webhook_secret.get_secret_value()
        found[Channel.WEBHOOK] = lambda: Webhook(url, secret)
    if chosen.smtp_url and chosen.mail_from:
        server, sender = MailServer.of(chosen.smtp_url.get_secret_value()), Sender.of(chosen.mail_from)
        found[Channel.EMAIL] = lambda: Mailer(server, sender)
    return found


def deliver_due(chosen: Settings, *, clock: Clock) -> bool:
    """Do one round: hand on what is new, and deliver what is due. Whether there may be more to do at once."""
    open_ways = ways(chosen)
    _hand_on(open_ways)
    with transaction() as session:
        lost = bury_lost(session, now=clock(), max_attempts=chosen.delivery_attempts)
    if lost:
        log.error("deliveries dead", deliveries=lost, reason="their workers were lost in the last attempt")
    more = [_deliver(channel, way, chosen, clock) for channel, way in open_ways.items()]
    return any(more)


def backoff(attempts: int, chosen: Settings, *, chance: float) -> dt.timedelta:
    """How long to wait after so many attempts: twice as long each time, up to the longest wait.

    `chance` in [0, 1) takes up to half of it away, so that what failed together does not come back together.
    """
    doubled = chosen.delivery_first_wait * 2.0 ** min(attempts - 1, 64)
    return dt.timedelta(seconds=min(doubled, chosen.delivery_longest_wait) * (1 - chance / 2))


def _hand_on(open_ways: Ways) -> None:
    with transaction() as session:
        use_channels(session, open_ways.keys())
    for channel in open_ways:
        read = AT_ONCE
        while read == AT_ONCE:
            with transaction() as session:
                read = hand_on(session, channel, AT_ONCE)


def _deliver(channel: Channel, way: Callable[[], AbstractContextManager[Way]], chosen: Settings, clock: Clock) -> bool:
    """Deliver what is due by one channel, for one round. Whether there may be more.

    It ends as soon as whoever takes the messages is away: to try all others would only wear out their attempts.
    """
    until, lease = clock() + ROUND, dt.timedelta(seconds=chosen.delivery_lease)
    with way() as opened:
        while clock() < until and not draining.begun():
            with transaction() as session:
                claimed = claim(session, channel, now=clock(), lease=lease)
            if claimed is None:
                return False
            with draining.handed_back_by(partial(_hand_back, claimed, clock)):
                with traces.span(f"tell by {channel}"):
                    failed = _tell(opened, claimed, clock())
                _mark(claimed, failed, chosen, clock())
            if failed and failed.away:
                return False
    return True


def _tell(way: Way, claimed: Claimed, now: dt.datetime) -> Failed | None:
    try:
        return way.tell(claimed, now)
    except DBAPIError:
        raise  # the database is away: the lease runs out, and it is tried again
    except Exception as error:  # noqa: BLE001  # whatever it is, the others are to be told
        what, place = type(error).__name__, traceback.extract_tb(error.__traceback__)[-1]
        where = f"{place.name}:{place.lineno}"
        log.error("telling failed", delivery=str(claimed.id), error=what, where=where)  # noqa: TRY400  # it may name the patient
        return Failed(f"Something is wrong on our side ({what}).")


def _mark(claimed: Claimed, failed: Failed | None, chosen: Settings, now: dt.datetime) -> None:
    again_at = None if failed is None else _again_at(claimed, failed, chosen, now)

    def mark() -> None:
        with transaction() as session:
            if failed is None:
                mark_delivered(session, claimed.id, now=now)
            else:
                mark_failed(session, claimed, failed.reason, again_at=again_at)

    retrying(mark)
    told = log.bind(delivery=str(claimed.id), channel=claimed.channel.value, attempt=claimed.attempts)
    outcome = "delivered" if failed is None else "failed" if again_at else "dead"
    TOLD.labels(claimed.channel, outcome).inc()
    if failed is None:
        told.info("delivered", topic=claimed.topic)
    elif again_at:
        told.warning("not delivered", reason=failed.reason, again_at=again_at.isoformat())
    else:
        told.error("delivery dead", reason=failed.reason)


def _again_at(claimed: Claimed, failed: Failed, chosen: Settings, now: dt.datetime) -> dt.datetime | None:
    """When to try again; None where that is no use, or the last attempt has been made."""
    if failed.forever or claimed.attempts >= chosen.delivery_attempts:
        return None
    asked = dt.timedelta(seconds=min(failed.wait, chosen.delivery_longest_wait))
    return now + max(asked, backoff(claimed.attempts, chosen, chance=random.random()))


def _hand_back(claimed: Claimed, clock: Clock) -> None:
    """Let others tell at once what a worker that is told to end could not finish telling."""

    def step() -> bool:
        with transaction() as session:
            return hand_back(session, claimed, now=clock())

    if retrying(step):
        log.info("handed back", delivery=str(claimed.id))
        ring(DELIVER)
