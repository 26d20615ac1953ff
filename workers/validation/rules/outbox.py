"""Whether the outbox was written by this cluster. Its readers follow the ids of transactions, and those are a cluster's
own: after a restore into another one, messages can lie ahead of all that this one will write for a long time.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.booking import JsonObject
from models.validation.codes import Code
from models.validation.found import Entity, Found, Kind
from workers.validation.rules.mending import mended_by
from workers.validation.step import Scope, Slice, Step, by_slices

_AHEAD = text("""
SELECT (SELECT count(*) FROM outbox_message WHERE transaction_id >= next) AS messages,
    (SELECT count(*) FROM delivery_cursor WHERE transaction_id >= next) AS channels
FROM pg_snapshot_xmax(pg_current_snapshot()) AS next
""")

_RENUMBERED = """
BEGIN;
LOCK TABLE outbox_message, delivery_cursor IN EXCLUSIVE MODE;
CREATE TEMPORARY TABLE elsewhere ON COMMIT DROP AS
    SELECT greatest(
        (SELECT max(id) FROM outbox_message WHERE transaction_id >= next),
        (SELECT max(message_id) FROM delivery_cursor WHERE transaction_id >= next)
    ) AS last FROM pg_snapshot_xmax(pg_current_snapshot()) AS next;
UPDATE delivery_cursor SET transaction_id = '0', message_id = coalesce(
    (
        SELECT min(id) - 1 FROM outbox_message
        WHERE (transaction_id, id) > (delivery_cursor.transaction_id, delivery_cursor.message_id)
            AND id <= (SELECT last FROM elsewhere)
    ),
    (SELECT last FROM elsewhere)
) WHERE message_id <= (SELECT last FROM elsewhere);
UPDATE outbox_message SET transaction_id = '0' WHERE id <= (SELECT last FROM elsewhere);
COMMIT
""".strip()
"""Everything up to the last message from elsewhere lies before all that this cluster writes, in the order in which it
was written; a channel goes on with the first message that it had not been handed. A message may be read twice.
"""


def _look(session: Session, _scope: Scope, _after: JsonObject | None) -> Slice:
    ahead = session.execute(_AHEAD).one()
    if not ahead.messages and not ahead.channels:
        return Slice(rows=1)
    found = Found(
        Code.OUTBOX_FROM_ELSEWHERE,
        (Entity(Kind.RULE, "outbox_message.transaction_id"),),
        "The outbox was written by another PostgreSQL cluster, as after a restore: webhooks, e-mails and readers of"
        " GET /events would not hear of what happens from now on. Have an operator run the statement; readers of GET"
        " /events then begin anew, without the cursor that they keep.",
        facts={"messages": ahead.messages, "channels": ahead.channels},
        remedy=mended_by([_RENUMBERED]),
    )
    return Slice([found], rows=1)


OUTBOX = Step(
    "Where the outbox comes from",
    frozenset({Code.OUTBOX_FROM_ELSEWHERE}),
    lambda _session, _scope: 1,
    by_slices(_look),
)
