# Booking requests

requests-title = Requests
requests-new = New request
requests-upload = Upload a file
requests-batches = Batches

# The list
requests-filter = Which requests to show
requests-priority = Priority
requests-conflict = Conflict
requests-hospital = Hospital
requests-doctor = Doctor
requests-any = any
requests-show = Show
requests-show-all = Show all requests
requests-only-batch = Batch: { $label }
requests-unnamed-batch = without a name
requests-remove-filter = remove this filter
requests-all = all
requests-status = Status
requests-caption = Booking requests, the newest first
requests-patient = Patient
requests-wish = Asks for
requests-result = Result
requests-when = When
requests-line = line { $line }
requests-waits = to be decided in a moment
requests-alternatives-count = { $count ->
    [0] no alternative near it
    [one] 1 alternative
   *[other] { $count } alternatives
}
requests-pages = More requests
requests-newest = Newest
requests-older = Older
requests-none-such = No request is like that
requests-none-such-about = Choose other filters, or look at all of them.
requests-none = No booking request yet
requests-none-about = Ask for an hour for a patient, or upload a file of requests: each is booked, or told exactly why not.

requests-priority-urgent = urgent
requests-priority-soon = soon
requests-priority-routine = routine

# A wish in words
requests-any-doctor = Any doctor
requests-any-of-specialty = Any doctor of { $specialty }
requests-two-doctors = { $first }, then { $second }
requests-several-doctors = { $first }, then { $count } others
requests-if-specialty = { $doctors }, if of { $specialty }
requests-any-hospital = any hospital
requests-several-hospitals = { $first } or { $count } more

# Why there is no booking
requests-kind-hospital-closed = Hospital closed
requests-kind-no-availability = Nobody available
requests-kind-hours-taken = Hours taken
requests-kind-patient-busy = Patient busy
requests-kind-outcompeted = Hours went to others

# One request
requests-one-title = Request for { $patient }
requests-of-batch = line { $line } of a batch
requests-cancel = Cancel the request
requests-change = Change the request
requests-try-again = Widen and try again
requests-ask-again = Ask again
requests-patient-id = Patient's id
requests-doctors = Doctors, best first
requests-specialty = Specialty
requests-hospitals = Hospitals
requests-window = Between
requests-times-in = times in { $place }
requests-preferred = Near
requests-moves = In place of
requests-an-appointment = an appointment that stands
requests-decided = Decided
requests-decided-after = { $age }, after { $seconds }
requests-queued = Queued
requests-booked = Booked: { $hour }
requests-with-at = { $doctor }, { $hospital }
requests-on-schedule = Show on the schedule
requests-alternatives = Could be had instead
requests-no-alternatives = Nothing near it could be had when this was decided. Widen the window, or let other doctors or hospitals do, and try again.
requests-on-at = { $day }, { $span }
requests-gives-up = gives up { $what }
requests-book = Book this hour
requests-book-this = Book { $when } with { $doctor }
requests-failed = This request could not be planned.
requests-failed-about = Nothing was booked. Ask again; if it fails again, tell whoever runs this server.
requests-is-cancelled = Cancelled { $age }. Nothing is booked for it.
requests-is-queued = Queued: the next planning run takes it.
requests-is-planning = Being planned just now.
requests-is-undecided = To be decided
requests-is-undecided-about = This page shows the outcome as soon as there is one; you need not wait here.
requests-other = { $priority ->
    [urgent] an urgent request
    [soon] a request of the priority soon
   *[routine] a routine request
}
requests-other-appointment = an appointment
requests-accepted = Booked.
requests-cancelled = The request is cancelled.
requests-not-booked = This hour was not booked
requests-cancel-question = Cancel this request?
requests-cancel-about = Nothing will be booked for { $patient }; the request stays on record as cancelled.
requests-keep = Keep it

# The picture of contested hours
requests-picture = The hours that were asked for
requests-picture-about = As the schedule stands now, with what stood in the way when this was decided. Times in { $place }.
requests-picture-see-table = The table below tells each hour.
requests-state-count = { $state }: { $count ->
    [one] 1 hour.
   *[other] { $count } hours.
}
requests-state-closed = closed
requests-state-outside = open, not asked for
requests-state-nobody = nobody available
requests-state-passed = over
requests-state-taken = taken
requests-state-busy = patient busy
requests-state-won = won by another request
requests-state-nearest = nearest, not asked for
requests-state-free = free by now
requests-state-alternative = could be had instead
requests-left-out = { $days ->
    [one] One more day is
   *[other] { $days } more days are
} left out, with { $hours ->
    [one] one hour
   *[other] { $hours } hours
} that stood in the way.
requests-as-table = The same as a table
requests-day = Day
requests-hours = Hours
requests-what = What
