# The overview: how full the days are, what waits, how soon patients are seen, why others were refused, what planned.

overview-title = Overview
overview-from = First day
overview-weeks-label = Days shown
overview-weeks = { $count ->
    [one] 1 week
   *[other] { $count } weeks
}
overview-back-label = Looking back
overview-back = { $count } days
overview-show = Show
overview-status = How it runs
overview-earlier = Earlier days
overview-later = Later days
overview-this-week = This week
overview-file = CSV
overview-file-of = { $name } as a CSV file
overview-away = These numbers are not current: the database does not answer. The page goes on asking.
overview-no-hours = –
overview-no-hospital = There is no hospital yet.
overview-no-hospital-help = Add one with POST /hospitals, or import a file with the command slotwise import.

# How full the days are
overview-utilisation = How full the days are
overview-fullest = { $day } is fullest: { $share } of its hours are booked. Of all { $hours } hours in these days, { $total } are.
overview-nothing-booked = None of the { $hours } hours that can be booked in these days is booked yet.
overview-nothing-bookable = Nobody sees patients in these days.
overview-utilisation-empty = Add availabilities on the schedule page, or look at other days above.
overview-elsewhere = Show the week of { $day }
overview-doctor = Doctor
overview-all-doctors = All doctors
overview-all-days = All
overview-hours = { $booked } of { $bookable } hours

# What waits
overview-waiting = Waiting requests
overview-waiting-says = { $count ->
    [one] One request waits
   *[other] { $count } requests wait
}{ $urgent ->
    [0] , none of them urgent
    [one] , one of them urgent
   *[other] , { $urgent } of them urgent
}; the oldest for { $oldest }.
overview-waiting-none = No request waits: all are decided.
overview-waiting-empty = A request is counted here from the moment it is queued until it is booked or refused.
overview-age = Waiting for
overview-age-under-1-minute = under 1 min
overview-age-from-1-minute = 1 to 5 min
overview-age-from-5-minutes = 5 to 60 min
overview-age-from-1-hour = 1 to 24 h
overview-age-from-1-day = over a day
overview-oldest = Oldest

# How soon patients are seen
overview-delays = Time to appointment
overview-delays-says = { $count ->
    [one] The one patient booked in the last { $days } days is seen within { $median } days of asking.
   *[other] Half of the { $count } patients booked in the last { $days } days are seen within { $median } days of asking, nine of ten within { $ninetieth }.
}
overview-delays-none = No request was booked in the last { $days } days.
overview-delays-empty = Counted are requests that were booked, by the days from the request to the hour. Look back further above.
overview-delay = Seen after
overview-delay-under-1-day = under 1 day
overview-delay-from-1-day = 1 to 3 days
overview-delay-from-3-days = 3 to 7 days
overview-delay-from-1-week = 1 to 2 weeks
overview-delay-from-2-weeks = 2 to 4 weeks
overview-delay-from-4-weeks = over 4 weeks
overview-median = Half within, days
overview-ninetieth = Nine of ten, days

# Why requests were refused
overview-refusals = Conflicts
overview-refusals-says = { $count ->
    [one] One request was refused in the last { $days } days,
   *[other] { $count } requests were refused in the last { $days } days, { $share } of them
} because { $reason }; { $standing ->
    [0] none is still in conflict.
    [one] one is still in conflict.
   *[other] { $standing } are still in conflict.
}
overview-refusals-none = No request was refused in the last { $days } days.
overview-refusals-empty = Counted are requests that got no hour, by the reason. Look back further above.
overview-kind = Reason
overview-standing = Open
overview-standing-of = { $kind }: { $count } still in conflict
overview-because-hospital-closed = the hospital was closed
overview-because-no-availability = no doctor was available
overview-because-hours-taken = the hours were taken
overview-because-patient-busy = the patient had another appointment
overview-because-outcompeted = the hours went to others

overview-priority-urgent = Urgent
overview-priority-soon = Soon
overview-priority-routine = Routine
overview-all = All

# The last planning runs
overview-runs = Last planning runs
overview-runs-says = The last run, { $ago }, booked { $booked } of { $count ->
    [one] 1 request
   *[other] { $count } requests
} in { $lasted }: { $proof }.
overview-runs-says-planning = A run that began { $ago } plans { $count ->
    [one] 1 request
   *[other] { $count } requests
}.
overview-runs-says-expired = The last run, { $ago }, was lost; its { $count ->
    [one] request was
   *[other] { $count } requests were
} queued again.
overview-runs-says-failed = The last run, { $ago }, failed; its { $count ->
    [one] request was
   *[other] { $count } requests were
} queued again.
overview-runs-none = Nothing has been planned yet.
overview-runs-empty = Queue a request: within seconds a worker plans it, and the run is here.
overview-runs-started = Started ({ $place })
overview-runs-status = Outcome
overview-runs-requests = Requests
overview-runs-booked = Booked
overview-runs-conflicts = Conflicts
overview-runs-requeued = Again
overview-runs-seconds = Seconds
overview-runs-more = Show more runs
overview-run-planning = planning
overview-run-committed = done
overview-run-expired = lost
overview-run-failed = failed
overview-proved = proved best
overview-nothing-proved = nothing is proved
overview-gap-urgent = within { $gap }: at most { $count } more urgent
overview-gap-soon = within { $gap }: at most { $count } more soon
overview-gap-routine = within { $gap }: at most { $count } more routine
overview-gap-moved = all bookings proved; at most { $count } fewer moves
overview-gap-inconvenience = all bookings proved; convenience within { $gap }
