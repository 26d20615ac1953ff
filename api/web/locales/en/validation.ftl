# Validation: what is wrong, what would break the schedule, what one more hour is worth.

validation-title = Validation
validation-tabs = Pages of validation
validation-tab-findings = Findings
validation-tab-fragility = What would break it
validation-tab-hours = What an hour is worth
validation-tab-reports = Reports
validation-all-hospitals = All hospitals
validation-show = Show
validation-now = Validate now
validation-begun = The validation is queued; it begins within seconds.
validation-back = Back to what is wrong
validation-not-yet = Not yet
validation-file = CSV
validation-pages = More pages

# What stands
validation-count-error = { $count ->
    [one] 1 error
   *[other] { $count } errors
}
validation-count-warning = { $count ->
    [one] 1 warning
   *[other] { $count } warnings
}
validation-count-notice = { $count ->
    [one] 1 notice
   *[other] { $count } notices
}
validation-and = { $first } and { $last }
validation-clean = Nothing has been wrong since { $since }
validation-never-whole = Nothing is known to be wrong, but not everything has been validated
validation-when = { $what ->
    [all] Every hospital has been validated, the first of them { $ago }.
   *[one] Last validated { $ago }.
}
validation-compared = Compared with the time before: { $new } new, { $standing } as before, { $gone } gone.
validation-not-yet-one = This hospital has not been validated yet.
validation-not-yet-all = { $count ->
    [one] One hospital has not been validated yet.
   *[other] { $count } hospitals have not been validated yet.
}
validation-let-be = { $count ->
    [one] One acknowledged finding does not count.
   *[other] { $count } acknowledged findings do not count.
}
validation-last-report = See its report
validation-last-failed = The last validation failed; what stands below is older.
validation-its-report = See why
validation-too-many = { $what }: { $count } were found, and the first { $kept } are kept.
validation-never = Nothing has been validated yet
validation-never-about = Every hospital is validated at night by its own clock. “Validate now” does not wait for that.

# Filters
validation-severity = Severity
validation-severity-error = Error
validation-severity-warning = Warning
validation-severity-notice = Notice
validation-many-error = Errors
validation-many-warning = Warnings
validation-many-notice = Notices
validation-all = All
validation-any = any
validation-code = What
validation-code-count = { $title } ({ $count })
validation-known-chip = Acknowledged
validation-none-such = No finding is like that
validation-show-all = Show all findings
validation-more = Next findings
validation-beginning = The worst

# A finding
validation-about = What it is about
validation-more-things = { $count ->
    [one] One more
   *[other] { $count } more
}
validation-first-seen = first seen { $ago }
validation-gone = gone { $ago }
validation-known = Acknowledged until { $until }: { $because }
validation-remedied = Remedy applied { $ago }; the next validation shows whether that mended it.
validation-let-it-be = Acknowledge…
validation-count-again = Let it count again
validation-change-new = new
validation-change-standing = as before
validation-change-gone = gone

validation-code-doctor-double-booked = Doctor booked twice
validation-code-patient-double-booked = Patient booked twice
validation-code-outside-availability = Appointment while its doctor is not available
validation-code-off-the-hour = Appointment off the hour
validation-code-not-one-hour = Appointment that is not one hour long
validation-code-hour-not-occupied = Booked hour that counts as free
validation-code-availabilities-overlap = Doctor available in two places at once
validation-code-availability-outside-openings = Doctor available while the hospital is closed
validation-code-openings-overlap = Openings overlap
validation-code-period-malformed = Period without a beginning or an end
validation-code-timezone-contradicted = Appointment with another time zone than its hospital
validation-code-rule-missing = Database rule missing
validation-code-rule-altered = Database rule altered
validation-code-rule-not-enforced = Database rule not enforced
validation-code-row-breaks-rule = Row that breaks a database rule
validation-code-schema-outdated = Database of another version
validation-code-outbox-from-elsewhere = Messages from another database
validation-code-hour-shifted = Appointment shifted by new clocks
validation-code-availability-shifted = Availability shifted by new clocks
validation-code-clocks-disagree = Two time-zone databases disagree
validation-code-timezone-unknown = Unknown time zone
validation-code-openings-differ = Openings differ from the hours kept
validation-code-hours-changed = Hours changed under availabilities
validation-code-openings-run-out = Openings run out
validation-code-doctor-departed = Doctor has left
validation-code-patient-departed = Patient has left
validation-code-request-stuck = Request stuck
validation-code-request-expired = Request expired
validation-code-request-contradicted = Request contradicts its appointment
validation-code-reschedule-stuck = Reschedule stuck
validation-code-message-undelivered = Messages not delivered
validation-code-conflict-bookable = Conflict that could be booked now
validation-code-check-failed = Check could not be carried out

# What it is about
validation-hour = { $who }, { $when }
validation-availability-of = { $doctor }’s availability
validation-opening-of = Opening of { $hospital }
validation-request-of = Request of { $patient }
validation-a-reschedule = The reschedule
validation-a-planning-run = The planning run
validation-a-delivery = The messages
validation-some-hospital = a hospital that is gone
validation-some-doctor = a doctor who is gone
validation-some-patient = a patient who is gone
validation-some-time = a time that no clock shows
validation-lost-appointment = An appointment that is gone
validation-lost-availability = An availability that is gone
validation-lost-opening = An opening that is gone
validation-lost-hospital = A hospital that is gone
validation-lost-doctor = A doctor who is gone
validation-lost-patient = A patient who is gone
validation-lost-request = A request that is gone

# Remedies: buttons
validation-ask = { $deed }…
validation-mend-project-openings = Project openings anew
validation-mend-restore-wall-clock = Put hours back
validation-mend-move-appointment = Move it
validation-mend-reschedule = Plan a reschedule
validation-mend-cancel-appointment = Cancel it
validation-mend-trim-availability = Cut the availability
validation-mend-withdraw-availabilities = Withdraw availabilities
validation-mend-queue-request = Queue it again
validation-mend-cancel-request = Cancel the request
validation-mend-settle-request = Settle the request
validation-mend-book-request = Book it
validation-mend-deliver-again = Send again
validation-mend-statement = Show the statement

# Remedies: what will happen
validation-what-happens = What will happen
validation-does-project-openings = The openings of { $hospital } are projected anew from the hours that it keeps. No appointment changes.
validation-does-restore-wall-clock = Openings, availabilities and appointments of { $hospital } are put back to the clock times that people were told: all of them, or none.
validation-does-move-appointment = The appointment of { $patient } moves from { $before }, { $doctor }, { $hospital }, to { $after }, { $new-doctor }, { $new-hospital }. The patient is told, where messages are set up.
validation-does-cancel-appointment = The appointment of { $patient } on { $before }, { $doctor }, { $hospital }, is cancelled. The patient is told, where messages are set up.
validation-does-reschedule = Other hours are looked for, for { $what }. That makes a proposal with a page of its own; nothing changes until somebody applies it there.
validation-does-trim-availability = The availability of { $doctor }, { $period }, is cut to the hours in which the hospital is open; if none is left, it is withdrawn. No appointment is in what is cut.
validation-does-withdraw-availabilities = All availabilities that { $doctor } still has are withdrawn. No appointment is in any of them.
validation-does-queue-request = The request of { $patient } is queued again, and planned within seconds.
validation-does-cancel-request = The request of { $patient } is cancelled.
validation-does-settle-request = The request of { $patient } becomes “{ $status }”, as its appointment says.
validation-does-book-request = { $patient } is booked on { $after }, { $new-doctor }, { $new-hospital }, and told so, where messages are set up. If the hour has gone meanwhile, nothing changes.
validation-does-deliver-again = All messages by { $channel } that were given up are tried again.
validation-does-statement = Nothing by this program, which does not change the rules that it is held by. An operator runs this on the database:
validation-lost-of-doctor = { $count ->
    [one] the patients of { $doctor }
   *[other] the patients of { $doctor } and { $count } doctors in all
}
validation-lost-of-hospital = the patients of { $hospital }
validation-lost-of-appointments = { $count ->
    [one] one appointment
   *[other] { $count } appointments
}
validation-from-to = { $start } to { $end }
validation-no-remedy = Nothing: no remedy is known any more.
validation-not-mended = Nothing was changed.
validation-mended = Done. The next validation shows whether that mended it.

# Acknowledging
validation-let-be-question = Acknowledge this finding?
validation-because = Why may it be?
validation-because-hint = For whoever meets it next. No names of patients, please.
validation-until = Until the end of
validation-until-hint = After that day it counts again, if it still stands.
validation-let-be-this = Acknowledge
validation-is-let-be = Acknowledged: it does not count until then.
validation-counts-again = It counts again.

# Progress
validation-runs = Validating { $what }
validation-runs-all = Validating all hospitals
validation-waits = { $again ->
    [yes] was interrupted and waits for a worker to go on
   *[no] waits for a worker
}
validation-counting = reckons how much there is to look at
validation-step = { $known ->
    [yes] { $step }: { $done } of about { $total } rows
   *[no] { $step }: { $done } rows
}
validation-progress = How much of it is done
validation-more-wait = { $count ->
    [one] One more validation is under way or waits.
   *[other] { $count } more validations are under way or wait.
}

# Reports
validation-reports-caption = Validations, the newest first
validation-of = Hospital
validation-status = Status
validation-status-queued = queued
validation-status-running = running
validation-status-finished = finished
validation-status-failed = failed
validation-worst = Worst
validation-fine = nothing open
validation-found-all = Found
validation-nothing = Nothing was found
validation-so-far = { $found } so far
validation-asked-for = When
validation-kind-night = Night of { $night }
validation-kind-asked = By request
validation-newest = Newest
validation-older = Older
validation-failed = This validation failed.
validation-failed-about = What it found before stands below. What it did not see is not taken for gone.
validation-changes = Compared with before
validation-nothing-found = Nothing was found
validation-nothing-found-about = Everything that was looked at keeps every rule.
validation-this-report = This validation
validation-asked-at = Asked for
validation-begun-at = Begun
validation-ended-at = Ended
validation-lasted = Took
validation-clock = Times in
validation-steps = What was looked at
validation-step-name = Step
validation-rows = Rows
validation-seconds = Seconds
validation-unchecked = Some checks could not be carried out. What they look for is not taken for gone.

# What would break it
validation-figures-none = Its figures come with the first validation.
validation-figures-of = As of the validation { $ago }.
validation-fragility-empty = Nothing is booked in these two weeks
validation-fragility-about = How many of the appointments of a day could not be placed again if it were lost. Click a number to see who, and to ask what could be done.
validation-fragility-caption = Appointments that could not be placed again, by who or what is lost and the day
validation-fragility-none = { $count ->
    [one] If the one doctor’s day with appointments were lost, everybody could be placed again
   *[other] Whichever of the { $count } doctors’ days were lost, everybody could be placed again
}{ $closed ->
    [0] .
    [one] ; not so on 1 day if the whole hospital were closed.
   *[other] ; not so on { $closed } days if the whole hospital were closed.
}
validation-fragility-says = { $hurt } of { $count ->
    [one] 1 doctor’s day
   *[other] { $count } doctors’ days
} could not be lost without stranding somebody; most would be stranded without { $doctor } on { $day }: { $stranded } of { $appointments }.
validation-if-lost = If lost
validation-whole-hospital = The whole hospital
validation-nobody-booked = –
validation-cell = { $proved ->
    [yes] { $stranded }/{ $count }
   *[no] ≤{ $stranded }/{ $count }
}
validation-cell-told = { $proved ->
    [yes] { $stranded } of { $count } could not be placed again
   *[no] At most { $stranded } of { $count } could not be placed again; the time ran out before that was proved
}
validation-legend = Colours
validation-legend-share = { $share } %
validation-file-fragility = What would break it, as a CSV file
validation-if-away = If { $doctor } were away on { $day }
validation-if-closed = If { $hospital } were closed on { $day }
validation-and-more = { $count ->
    [one] and one more
   *[other] and { $count } more
}
validation-what-if = What if?
validation-what-if-about = Opens the form of a reschedule, filled in with this day. “Ask what would happen” changes nothing.

# What an hour is worth
validation-hours-empty = Nobody waits whom another hour would help
validation-hours-about = Requests in conflict that would take an hour of that day. Coloured are the days on which one more hour would book somebody; the deeper, the more wait.
validation-hours-none = { $count ->
    [one] No single hour more would book anybody, though somebody waits for one.
   *[other] No single hour more would book anybody, at any of the { $count } choices of specialty, hospital and day that people wait for.
}
validation-hours-says = { $count ->
    [one] One more hour would book somebody:
   *[other] There are { $count } choices of specialty, hospital and day where one more hour would book somebody; the best:
} { $specialty } at { $hospital } on { $day }, for { $priority ->
    [urgent] an urgent
    [soon] a soon
   *[routine] a routine
} request.
validation-hours-map = Waiting requests by specialty and day
validation-hours-caption = What one more hour would book, the most important first
validation-best-hours = Where to add an hour
validation-specialty = Specialty
validation-day = Day
validation-waiting = Waiting
validation-books = One more hour
validation-books-one = { $count ->
    [one] books 1, { $priority }
   *[other] books { $count }, { $priority } first
}
validation-books-nobody = books nobody
validation-reckoned = (reckoned)
validation-priority-urgent = urgent
validation-priority-soon = soon
validation-priority-routine = routine
validation-best = Best hour
validation-best-hour = { $hour }, { $doctor }
validation-add = Add…
validation-add-this = Add { $day }, { $hour }…
validation-worth-told = { $waiting ->
    [one] 1 waits
   *[other] { $waiting } wait
}; one more hour books { $books ->
    [0] nobody
   *[other] { $books }
}
validation-file-hours = What an hour is worth, as a CSV file
validation-hours-more = { $count ->
    [one] One more line is in the file.
   *[other] { $count } more lines are in the file.
}
