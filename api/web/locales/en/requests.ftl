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
requests-reason-gone = It could not be booked. The reason is no longer kept.
requests-is-cancelled = Cancelled { $age }. Nothing is booked for it.
requests-is-queued = Queued: the next planning run takes it.
requests-is-planning = Being planned just now.
requests-is-undecided = To be decided
requests-announce = Now { $status }. { $outcome }
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

# The form of a request
requests-back = Back to the request
requests-replaces-about = Let more hours, doctors or hospitals do. The request is queued anew with these wishes, and the one in conflict is taken back.
requests-moves-about = This asks for another hour for an appointment that stands. The appointment stays until the new hour is booked.
requests-search = Search
requests-search-for = Name or id
requests-search-patient = Search for a patient by name or id
requests-choose-patient = Search for the patient and choose one of those found.
requests-inactive = no longer active
requests-more-patients = There are more; type more of the name.
requests-no-patient = Nobody is found. Patients are added by the hospital's own system, not here; check the spelling, or search by id.
requests-doctors-about = Nobody chosen: any doctor will do. Otherwise the first is the best.
requests-add-doctor = Add a doctor
requests-and-then = and then …
requests-add = Add
requests-up = Prefer { $doctor } more
requests-down = Prefer { $doctor } less
requests-remove = Remove { $doctor }
requests-specialty-about = Only doctors who have it, also of those chosen above.
requests-hospitals-about = None chosen: any hospital will do.
requests-when-legend = When
requests-clock = Times by the clock of
requests-other-clock = The chosen hospitals go by the clock of { $place }, so the times below are now read by that; check them and send again.
requests-earliest = Begins at the earliest
requests-latest = Ends at the latest
requests-longer = A week longer
requests-preferred-time = Best near
requests-preferred-about = Left empty: as early as possible.
requests-queue = Queue the request
requests-queue-again = Queue it again
requests-leave = Leave it

# Batches
requests-file = CSV file
requests-file-about = UTF-8, with a line that names the columns; at most { $most } requests. They are queued all or none.
requests-choose-file = Choose a file first.
requests-label = Name of the batch
requests-label-about = Left empty: the name of the file.
requests-queue-file = Queue the requests
requests-template = Download a template
requests-columns = What the columns hold
requests-column = Column
requests-holds = What it holds
requests-many = {"; several apart by |"}
requests-example = Example
requests-required = required
requests-file-refused = { $name }: { $count ->
    [one] one fault.
   *[other] { NUMBER($count) } faults.
}
requests-file-refused-about = Nothing was queued. Put right what is listed here, and send the file again.
requests-faults = Faults by line
requests-in-line = Line
requests-value = Value
requests-what-to-do = What is wrong, and what would do
requests-more-faults = { NUMBER($count) } more faults are not listed.
requests-batch = Batch
requests-progress = Progress
requests-finished = finished
requests-no-batches = No batch yet
requests-no-batches-about = A batch is a file of requests that are queued and followed together.
requests-show-its = Show its requests
requests-batch-under-way = { $decided } of { $size } decided …
requests-batch-done = All { NUMBER($size) } decided in { $seconds }: { NUMBER($booked) } booked, { NUMBER($conflicts) } in conflict.
requests-state-count-of = { $state }: { NUMBER($count) }.
requests-batch-queued = Queued { $age }.
requests-batch-so-far = Queued { $age }; { $seconds } so far.
requests-why-not = Why not
requests-no-conflicts-yet = None so far.
requests-no-conflicts = No request is in conflict.
