# The page of status.

status-title = Status
status-well = Nothing wants attention.
status-away = The server or its database does not answer: what follows is old.
status-more = More
status-more-of = More about: { $what }

# The last hour
status-hour = The last hour
status-waited = Waiting.
status-waited-says = { $now ->
    [0] None waits now
    [one] 1 request waits now
   *[other] { $now } requests wait now
}; at the end of a minute at most { $most } did.
status-decided = Decided a minute.
status-decided-says = { $count ->
    [0] Nothing was decided.
    [one] 1 request was decided.
   *[other] { $count } requests were decided, at most { $most } in a minute.
}
status-an-hour-ago = an hour ago
status-now = now
status-highest = highest: { $most }

# What waits
status-queue = Queue
status-queue-none = Nothing waits.
status-queue-says = { $count ->
    [one] 1 request is undecided, for { $oldest }.
   *[other] { $count } requests are undecided, the oldest for { $oldest }.
}
status-shares = For whose turn
status-shares-says = Hospitals take turns, so that none waits for all of another’s requests.
status-shares-none = No hospital has requests that wait.
status-any-hospital = any hospital
status-messages = Messages
status-messages-says = { $pending ->
    [0] None is on its way;
    [one] 1 is on its way;
   *[other] { $pending } are on their way;
} { $worth ->
    [0] none that was given up would be worth sending still.
    [one] 1 was given up and would be worth sending still.
   *[other] { $worth } were given up and would be worth sending still.
}
status-column-priority = Priority
status-column-queued = Queued
status-column-planning = Planning
status-column-oldest = Oldest
status-column-hospital = Hospital
status-column-undecided = Undecided
status-column-channel = Channel
status-column-pending = Pending
status-column-dead = Given up

# Everything else
status-besides = Besides
status-fact-pace = Decided within
status-fact-runs = Planning runs
status-fact-validated = Validation
status-fact-services = Redis and workers
status-fact-audit = Audit
status-pace-none = Nothing was decided in the last hour.
status-pace-says = Half within { $half }, 95 of 100 within { $all }.
status-runs-says = { $expired } expired and { $failed } failed in the last day.
status-validated-none = Nothing was validated as yet.
status-validated-says = The last one was finished { $ago }.
status-services-all = Both answer.
status-services-no-broker = Redis takes no messages.
status-services-no-workers = Redis answers, no worker does.
status-audit-all = Everything is sealed.
status-audit-says = { $count ->
    [one] 1 entry is to be sealed.
   *[other] { $count } entries are to be sealed.
}
