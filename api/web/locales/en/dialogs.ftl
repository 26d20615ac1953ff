# The dialogs of the schedule.

dialogs-doctor = Doctor
dialogs-hospital = Hospital
dialogs-when = When
dialogs-status = Status
dialogs-day = Day
dialogs-from = From
dialogs-to = To
dialogs-back = Back
dialogs-keep = Keep it
dialogs-over-days = { $start } to { $end }
dialogs-clock = { $place } time, { $offset }
dialogs-with-at = { $doctor }, { $hospital }
dialogs-time-missing = Choose a date and a time.
dialogs-changed-since = Somebody has changed it since you opened it, and nothing was done. This is how it is now.

# Availabilities
dialogs-add-availability = Add an availability
dialogs-add-availability-about = { $doctor } sees patients at { $hospital } then. Times are { $place }’s.
dialogs-add = Add
dialogs-availability-added = Added: { $doctor } sees patients on { $period }.
dialogs-availability = { $doctor } sees patients
dialogs-change = Change
dialogs-availability-changed = Changed to { $period }.
dialogs-withdraw-this = Withdraw…
dialogs-withdraw-question = Withdraw this availability?
dialogs-withdraw = Withdraw it
dialogs-withdraw-not-yet = { $count ->
    [one] One appointment stands in it. Move or cancel it first:
   *[other] { $count } appointments stand in it. Move or cancel them first:
}
dialogs-availability-withdrawn = Withdrawn: { $doctor } does not see patients on { $period }.
dialogs-appointments-outside = { $count ->
    [one] Nothing was changed: this appointment would be left outside. Move or cancel it first.
   *[other] Nothing was changed: these appointments would be left outside. Move or cancel them first.
}
dialogs-booked-in-it = Booked in it
dialogs-nobody-booked-in-it = Nobody yet. Click a free hour of the schedule to book it.

# Booking
dialogs-book = Book an appointment
dialogs-patient = Patient
dialogs-patient-hint = Type the beginning of a name, or the patient’s number.
dialogs-choose-patient = Choose the patient
dialogs-inactive = no longer a patient
dialogs-more-patients = There are more; type more of the name.
dialogs-no-patient = Nobody is called that. Patients come from the hospital’s own directory: add them there, and they can be booked here.
dialogs-found = { $count ->
    [0] Nobody found
    [one] One patient found
   *[other] { $count } patients found
}
dialogs-book-hour = Book this hour
dialogs-booked = Booked: { $patient } with { $doctor }, { $hour }.

# Why not
dialogs-not-booked = Nothing was booked
dialogs-not-moved = The appointment stays where it is
dialogs-hour-taken = { $doctor } has another appointment on { $hour }.
dialogs-patient-busy = { $patient } has another appointment on { $hour }.
dialogs-patient-busy-with = It is with { $doctor }, { $hour }.
dialogs-not-available = { $doctor } does not see patients at { $hospital } on { $hour }.
dialogs-nearest-availability = The nearest time is { $period }.
dialogs-closed-then = { $hospital } is closed on { $hour }.
dialogs-next-opening = It is open { $period }.
dialogs-off-the-hour = Appointments start on the hour; the nearest are { $first } and { $second }.
dialogs-being-moved = A booking request is about to move this appointment; cancel that request first, or wait for it.
dialogs-instead = Free for { $patient } instead
dialogs-take-this = Take this
dialogs-take-this-label = Take { $hour } with { $doctor }

# An appointment
dialogs-request = Booked for
dialogs-request-link = a booking request
dialogs-move = Move…
dialogs-complete = Complete
dialogs-no-show = No-show
dialogs-cancel-this = Cancel…
dialogs-cancel-question = Cancel this appointment?
dialogs-cancel-about = { $patient } with { $doctor }, { $hour }. The hour is free for others at once.
dialogs-cancel = Cancel the appointment
dialogs-done-cancelled = Cancelled: { $patient }, { $hour }.
dialogs-done-completed = Completed: { $patient }, { $hour }.
dialogs-done-no-show = Noted that { $patient } did not come: { $hour }.

# Moving
dialogs-move-title = Move { $patient }
dialogs-move-from = Now with { $doctor }, { $hour }.
dialogs-doctor-free = { $doctor } ({ $count ->
    [0] no free hour
    [one] 1 free hour
   *[other] { $count } free hours
})
dialogs-move-to = Free hours on { $day }
dialogs-no-free-hour = No free hour on { $day }. Choose another day or another doctor.
dialogs-type-time = Type another time
dialogs-new-time = New time
dialogs-move-there = Move
dialogs-moved = Moved: { $patient } is with { $doctor }, { $hour }.
