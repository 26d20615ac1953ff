# What every page says.

common-product = Slotwise
common-skip = Skip to the content
common-navigation = Pages
common-nav-schedule = Schedule
common-nav-requests = Requests
common-nav-reschedules = Reschedule
common-nav-overview = Overview
common-nav-validation = Validation
common-nav-messages = Messages
common-nav-calendars = Calendars
common-nav-access = Access
common-nav-status = Status
common-account = { $name }: your account
common-sign-in = Sign in
common-sign-out = Sign out
common-reference = API reference
common-close = Close
common-live-away = Not connected: what others change is not shown until it is.
common-server-away = The server did not answer, so it may have done this or not. Look before you try again.
common-now = just now
common-hospital = Hospital
common-to-schedule = Go to the schedule
common-nothing-here = The page may have been moved, or its address may have been cut off.
common-try-again = Try again
common-request-id = If you report this, tell this number: { $id }

# Forms
common-not-a-time = This is not a date and time; choose one, or write it like 2027-01-12 10:00.
common-time-skipped = In { $place } the clocks skip { $time } that day; choose a time before or after the change.
common-time-twice = In { $place } the clocks show { $time } twice that day; choose which one is meant.
common-which-of-two = The clocks show this time twice that day
common-first-of-two = the first, before the clocks go back
common-second-of-two = the second, after the clocks have gone back
common-faults-below = { $count ->
    [one] One field below needs a change.
   *[other] { $count } fields below need a change.
}

# Statuses of booking requests and appointments
common-status-queued = queued
common-status-planning = planning
common-status-booked = booked
common-status-conflict = conflict
common-status-cancelled = cancelled
common-status-failed = failed
common-status-completed = completed
common-status-no-show = no-show

# Kinds of conflicts
common-kind-hospital-closed = Hospital closed
common-kind-no-availability = Nobody available
common-kind-hours-taken = Hours taken
common-kind-patient-busy = Patient busy
common-kind-outcompeted = Hours went to others
