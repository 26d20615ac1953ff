"""The problems of those who come when there is too much, or when the database is in trouble of its own."""

from api.kinds import Kind

LOAD = {
    "overloaded": Kind(
        "Too much at once",
        "This server is answering as many requests as it can (`MAX_IN_FLIGHT`). Nothing was read or changed. Send it"
        " again after `Retry-After` seconds.",
    ),
    "queue_full": Kind(
        "Too many requests wait already",
        "As many booking requests are undecided as may be (`MAX_QUEUED`). Nothing of this was queued. Send it again"
        " after `Retry-After` seconds, with the same `Idempotency-Key`; that is when there should be room.",
    ),
    "share_full": Kind(
        "Too many requests of this hospital wait already",
        "One hospital's undecided requests, or those for any hospital, may be half of what can wait in all"
        " (`MAX_QUEUED`): the rest is kept for others. Nothing of this was queued. Send it again after `Retry-After`"
        " seconds, with the same `Idempotency-Key`.",
    ),
    "contended": Kind(
        "Others were changing the same things",
        "The database has undone this so that others could go on. Nothing was changed. Send it again.",
    ),
    "took_too_long": Kind(
        "The database took too long over this",
        "Nothing was changed. Ask for less at once, or send it again later.",
    ),
    "no_room": Kind(
        "The database has no room left",
        "Nothing was changed; what is there can be read. Whoever runs this server has to make room on the database's"
        " disk. Send it again after that.",
    ),
    "read_only": Kind(
        "The database takes no changes just now",
        "It is being looked after, or is a copy of another. Nothing was changed; what is there can be read. Send it"
        " again after `Retry-After` seconds.",
    ),
    "database_broken": Kind(
        "The database reports a fault of its own",
        "Its disk, or what is on it, may be damaged. Nothing was changed. Tell whoever runs this server the"
        " `request_id` of the answer.",
    ),
}
