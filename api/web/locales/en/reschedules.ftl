# Bulk rescheduling

reschedules-title = Reschedules
reschedules-new = New reschedule
reschedules-what = What happened
reschedules-status = Status
reschedules-displaced = Displaced
reschedules-placed = Placed
reschedules-unplaced = Left over
reschedules-asked-for = Asked for
reschedules-caption = Reschedules, the newest first
reschedules-pages = More reschedules
reschedules-newest = Newest
reschedules-older = Older
reschedules-none = No reschedule yet
reschedules-none-about = When a doctor falls ill or a hospital has to close, this finds other hours for everybody who had an appointment, with the least upheaval.

# Statuses
reschedules-status-queued = queued
reschedules-status-planning = planning
reschedules-status-proposed = proposed
reschedules-status-answered = answered
reschedules-status-applied = applied
reschedules-status-discarded = discarded
reschedules-status-failed = failed
reschedules-status-undone = undone
reschedules-what-if = what if

# What happened, in words
reschedules-whom = { $count ->
    [one] { $first }
    [2] { $first } and { $second }
   *[other] { $first } and { NUMBER($count) } doctors in all
}
reschedules-told-doctor-unavailable = { $doctors } away
reschedules-told-hospital-closed = { $hospital } closed
reschedules-told-hours-changed = New hours at { $hospital }
reschedules-told-room = Room of { $doctors } out of use
reschedules-told-appointments = { $count ->
    [one] One appointment from a list
   *[other] { NUMBER($count) } appointments from a list
}

# The form
reschedules-new-about = Say which hours are lost. The appointments in them get others, with the fewest and smallest moves there can be; you see the whole proposal before anything is changed.
reschedules-what-happened = What happened
reschedules-cause-doctor-unavailable = A doctor is away
reschedules-about-doctor-unavailable = ill, on leave, called elsewhere
reschedules-cause-hospital-closed = A hospital closes
reschedules-about-hospital-closed = all of it, for hours or weeks
reschedules-cause-room = A room cannot be used
reschedules-about-room = its doctors see nobody there
reschedules-cause-hours-changed = A hospital changes its hours
reschedules-about-hours-changed = the week it keeps from now on
reschedules-cause-appointments = A list of appointments
reschedules-about-appointments = from a CSV file
reschedules-doctors = Doctors
reschedules-has-left = no longer active
reschedules-choose-a-doctor = Choose a doctor
reschedules-choose = Choose …
reschedules-and-also = and also …
reschedules-add = Add
reschedules-remove = Remove { $doctor }
reschedules-choose-doctor = Choose the doctor.
reschedules-choose-hospital = Choose the hospital.
reschedules-away-from = Away from
reschedules-everywhere = every hospital
reschedules-only-at = { $hospital } only
reschedules-week = The hours of a week, from now on
reschedules-week-about = Write them like 09:00–13:00, 14:00–18:00. A day that is left empty is closed. Until the form is sent, these are the hours as they are.
reschedules-closed = closed
reschedules-not-hours = “{ $text }” is no period; write it like 09:00–13:00.
reschedules-monday = Monday
reschedules-tuesday = Tuesday
reschedules-wednesday = Wednesday
reschedules-thursday = Thursday
reschedules-friday = Friday
reschedules-saturday = Saturday
reschedules-sunday = Sunday
reschedules-file = CSV file
reschedules-file-about = With a column called appointment, which holds their ids; at most { $most }.
reschedules-file-read = { $count ->
    [one] One appointment has been read from it.
   *[other] { NUMBER($count) } appointments have been read from it.
} Choose a file only to replace it.
reschedules-choose-file = Choose the file.
reschedules-when = When
reschedules-from = From
reschedules-until = Until
reschedules-start-missing = Say from when.
reschedules-end-missing = Say until when.
reschedules-passed = That has passed already; choose a later end.
reschedules-clock = Times by the clock of
reschedules-times-in = times in { $place }
reschedules-other-clock = What is chosen goes by the clock of { $place }, so the times are now read by that; check them and send again.
reschedules-policy = What may be done
reschedules-other-doctor = Another doctor of the same specialty will do
reschedules-other-hospital = Another hospital will do
reschedules-others-move = Others may move to make room
reschedules-others-move-about = Only where that finds an hour for somebody who would have none, and as few as possible.
reschedules-others-within = … by at most so many days
reschedules-quiet = … unless moved in so many days before
reschedules-notice = Hours of notice
reschedules-notice-about = No new hour is nearer than this.
reschedules-within = Days from the old hour, at most
reschedules-within-about = Left empty: any number. With few, others can make room by moving further.
reschedules-latest = No new hour ends after
reschedules-latest-about = Left empty: 28 days after the last one that is lost.
reschedules-cancel-unplaced = Cancel those that no hour is found for
reschedules-cancel-unplaced-about = Otherwise they stand, as a list to see to.
reschedules-label = What it is called
reschedules-label-example = Dr Sousa ill
reschedules-plan = Plan it
reschedules-ask = Ask what would happen
reschedules-nothing-yet = Neither changes anything: what is planned waits for you to apply it, and a question holds no appointment.
reschedules-held = { $count ->
    [one] One of these appointments is
   *[other] { NUMBER($count) } of these appointments are
} held by another reschedule; apply or discard that one first.
reschedules-held-by = Show it
reschedules-holder = Show the reschedule that holds them

# One job
reschedules-outcome = What came of it
reschedules-about = About this
reschedules-where = Where
reschedules-planned-in = Decided in
reschedules-history = History
reschedules-progress = Progress of the planning
reschedules-is-queued = { $count ->
    [0] Queued: no appointment is displaced.
    [one] Queued: one appointment is displaced.
   *[other] Queued: { NUMBER($count) } appointments are displaced.
}
reschedules-is-planning = { $count ->
    [0] Planning: no appointment is displaced.
    [one] Planning another hour for one appointment …
   *[other] Planning other hours for { NUMBER($count) } appointments …
}
reschedules-is-about = This page shows the proposal as soon as there is one; you need not wait here.
reschedules-failed = This could not be planned. Nothing was changed.
reschedules-is-discarded = Discarded; nothing was changed.
reschedules-replaced-by = It was planned again.
reschedules-is-undone = Undone: everybody has the hour from before again.
reschedules-announce = Now { $status }. { $sentence }
reschedules-says-nobody = No appointment stands in these hours, so nobody has to move.
reschedules-says-placed = { $done ->
    [asked] { $share ->
        [all] { $displaced ->
            [one] The only appointment would get another hour
           *[other] All { NUMBER($displaced) } appointments would get other hours
        }
        [none] { $displaced ->
            [one] The only appointment would get no other hour
           *[other] None of the { NUMBER($displaced) } appointments would get another hour
        }
       *[some] { NUMBER($placed) } of { NUMBER($displaced) } appointments would get other hours
    }
    [done] { $share ->
        [all] { $displaced ->
            [one] The only appointment got another hour
           *[other] All { NUMBER($displaced) } appointments got other hours
        }
        [none] { $displaced ->
            [one] The only appointment got no other hour
           *[other] None of the { NUMBER($displaced) } appointments got another hour
        }
       *[some] { NUMBER($placed) } of { NUMBER($displaced) } appointments got other hours
    }
   *[planned] { $share ->
        [all] { $displaced ->
            [one] The only appointment gets another hour
           *[other] All { NUMBER($displaced) } appointments get other hours
        }
        [none] { $displaced ->
            [one] The only appointment gets no other hour
           *[other] None of the { NUMBER($displaced) } appointments gets another hour
        }
       *[some] { NUMBER($placed) } of { NUMBER($displaced) } appointments get other hours
    }
}
reschedules-says-others = { $done ->
    [done] { $count ->
        [0] nobody else had to move
        [one] one other moved to make room
       *[other] { NUMBER($count) } others moved to make room
    }
   *[planned] { $count ->
        [0] nobody else has to move
        [one] one other moves to make room
       *[other] { NUMBER($count) } others move to make room
    }
}
reschedules-says-shift-hours = the average shift is { $hours } hours
reschedules-says-shift-days = the average shift is { $days } days
reschedules-proved = proved the least there can be
reschedules-gap-hours = at most { $hours } hours from the least
reschedules-gap-moved = at most { NUMBER($count) } more moves than the least
reschedules-gap-placed = at most { NUMBER($count) } more could be placed
reschedules-changes = { $doctors ->
    [0] Everybody keeps the doctor
    [one] One sees another doctor
   *[other] { NUMBER($doctors) } see another doctor
}{ $hospitals ->
    [0] .
    [one] , one at another hospital.
   *[other] , { NUMBER($hospitals) } at another hospital.
}
reschedules-left-says = { $count ->
    [one] One is still to be seen to.
   *[other] { NUMBER($count) } are still to be seen to.
}

# Pictures
reschedules-by-day = By day
reschedules-before = before
reschedules-after = after
reschedules-see-table = The table below has the numbers.
reschedules-as-table = The same as a table
reschedules-day = Day
reschedules-day-says = { $day }: { $before } before, { $after } after
reschedules-shifts = How far they move
reschedules-shift = Moves by
reschedules-appointments = Appointments
reschedules-shift-none = the same hour
reschedules-shift-least = less than an hour
reschedules-hour-by = { $hour } ({ $place })
reschedules-shift-hours = { $first } to { $last } hours
reschedules-shift-days = { $first } to { $last } days
reschedules-shift-more = more than { $days } days
reschedules-minutes-earlier = { $minutes } min earlier
reschedules-minutes-later = { $minutes } min later
reschedules-hours-earlier = { $hours } h earlier
reschedules-hours-later = { $hours } h later
reschedules-days-earlier = { $days } days earlier
reschedules-days-later = { $days } days later

# Its appointments
reschedules-head-placed = { $count ->
    [one] One gets another hour
   *[other] { NUMBER($count) } get another hour
}
reschedules-head-others = { $count ->
    [one] One other moves to make room
   *[other] { NUMBER($count) } others move to make room
}
reschedules-head-unplaced = { $applied ->
    [yes] Left over, to be seen to
   *[no] { $count ->
        [one] One is left over
       *[other] { NUMBER($count) } are left over
    }
}
reschedules-on-this-page = On this page
reschedules-rows-placed = Who gets another hour
reschedules-rows-others = Who moves to make room
reschedules-rows-unplaced = Who is left over
reschedules-rows-displaced = Who is displaced
reschedules-patient = Patient
reschedules-from-hour = From
reschedules-to-hour = To
reschedules-why = Why
reschedules-state = Seen to
reschedules-with-at = { $doctor }, { $hospital }
reschedules-more = Show more
reschedules-alternatives = { $count ->
    [one] 1 hour could be had instead
   *[other] { $count } hours could be had instead
}
reschedules-alternative = { $when } with { $doctor }, { $hospital } (gives up { $gives-up })
reschedules-named-appointment = appointment of { $patient }
reschedules-named-availability = availability of { $availability }
reschedules-appointment-of = the appointment of { $patient }
reschedules-another-appointment = another appointment
reschedules-left-open = to be seen to
reschedules-left-moved = moved
reschedules-on-schedule = On the schedule
reschedules-move = Move…
reschedules-move-this = Move the appointment of { $patient }
reschedules-cancel = Cancel…
reschedules-cancel-this = Cancel the appointment of { $patient }

# Extra hours
reschedules-extra = Extra hours that would help
reschedules-extra-says = { $hours ->
    [one] One more hour
   *[other] { NUMBER($hours) } more hours
} would place { $left ->
    [0] { $placed ->
        [one] the one who is left over.
       *[other] all { NUMBER($placed) } who are left over.
    }
    [one] { NUMBER($placed) } of those left over; no hour places the other one.
   *[other] { NUMBER($placed) } of those left over; no hour places the other { NUMBER($left) }.
}
reschedules-extra-none = { $left ->
    [one] No extra hour would place the one who is left over.
   *[other] No extra hour would place any of the { NUMBER($left) } who are left over.
}
reschedules-extra-proved = Fewer would not do.
reschedules-extra-hour = { $when }, { $doctor } at { $hospital }: places { $patient }
reschedules-extra-more = { $count ->
    [one] One more
   *[other] { NUMBER($count) } more
}
reschedules-how-many = The best
reschedules-count-missing = Say how many of the hours to add: a whole number from 1 on.
reschedules-add-hours = Add these hours…
reschedules-add-question = { $count ->
    [one] Add the best of these hours?
   *[other] Add the best { NUMBER($count) } of these hours?
}
reschedules-add-about = { $count ->
    [one] The doctor is then available in it, and anybody may be booked there; nobody has been asked yet. This is planned again with it.
   *[other] The doctors are then available in them, and anybody may be booked there; nobody has been asked yet. This is planned again with them.
}
reschedules-add-this = Add and plan again

# The policy in words
reschedules-policy-doctor = { $same ->
    [yes] Everybody keeps the doctor.
   *[no] Another doctor of the same specialty will do.
}
reschedules-policy-hospital = { $same ->
    [yes] Everybody keeps the hospital.
   *[no] Another hospital will do.
}
reschedules-policy-others = Others may move by up to { $days ->
    [one] one day
   *[other] { $days } days
} to make room, unless moved in the { $quiet } days before.
reschedules-policy-nobody-else = Nobody else moves.
reschedules-policy-notice = No new hour begins within { $hours } hours of the planning.
reschedules-policy-within = { $days ->
    [one] No new hour is more than a day from the old one.
   *[other] No new hour is more than { $days } days from the old one.
}
reschedules-policy-latest = No new hour ends after { $latest }.
reschedules-policy-28-days = No new hour ends later than 28 days after the last one lost.
reschedules-policy-left = { $cancelled ->
    [yes] Those that no hour is found for are cancelled.
   *[no] Those that no hour is found for stand, as a list to see to.
}

# Files
reschedules-csv = Proposal (CSV)
reschedules-problem = Problem (JSON)
reschedules-plan-file = Plan (JSON)
reschedules-replaces = The one that this plans again

# What can be done
reschedules-stop = Stop
reschedules-discard = Discard
reschedules-again = Plan again
reschedules-apply = Apply…
reschedules-undo = Undo…
reschedules-ask-again = Ask again
reschedules-for-real = Plan it for real
reschedules-discarded = The reschedule is discarded.
reschedules-refused = Nothing was changed
reschedules-refused-about = This stands against it:
reschedules-applied = Applied. Patients are being told.
reschedules-undone = Undone. Patients are being told.
reschedules-apply-question = Apply this proposal?
reschedules-apply-lost-doctors = The hours that are lost are taken out of the doctors’ availability.
reschedules-apply-lost-hospital = The hospital is closed in the hours that are lost, and nobody is available there.
reschedules-apply-placed = { $count ->
    [one] One patient gets another hour.
   *[other] { NUMBER($count) } patients get another hour.
}
reschedules-apply-cancelled = { $count ->
    [one] One appointment is cancelled, since no hour was found for it.
   *[other] { NUMBER($count) } appointments are cancelled, since no hours were found for them.
}
reschedules-apply-left = { $count ->
    [one] One stands where it is, for you to see to.
   *[other] { NUMBER($count) } stand where they are, for you to see to.
}
reschedules-told-count = { $count ->
    [0] Nobody has to be told.
    [one] One patient will be told.
   *[other] { NUMBER($count) } patients will be told.
}
reschedules-apply-this = Apply it
reschedules-not-yet = Not yet
reschedules-undo-question = Undo this?
reschedules-undo-about = Everybody gets the hour from before, and the lost hours are given back. Nothing is undone if anybody has built upon it since.
reschedules-undo-this = Undo it
reschedules-leave-it = Leave it
reschedules-changed-since = It has been changed since this page showed it. Close this and look at it as it is now.
