# The day sheet, on paper.

day-sheet-title = Day sheet
day-sheet-print = Print
day-sheet-schedule = Schedule
day-sheet-date = Date
day-sheet-layout = Layout
day-sheet-layout-pages = A page for every doctor
day-sheet-layout-compact = Close together
day-sheet-show = Show
day-sheet-previous = Day before
day-sheet-next = Day after
day-sheet-everybody = Show all doctors
day-sheet-appointments = { $count ->
    [0] No appointments
    [one] 1 appointment
   *[other] { $count } appointments
}
day-sheet-free-hours = { $count ->
    [0] no free hour
    [one] 1 free hour
   *[other] { $count } free hours
}
day-sheet-time = Time
day-sheet-patient = Patient
day-sheet-notes = Notes
day-sheet-free = free
day-sheet-available = less than an hour
day-sheet-open = not here
day-sheet-closed = closed
day-sheet-zone = Times in { $place } ({ $offset }).
day-sheet-printed = As of { $when }. Names patients: keep it safe.
day-sheet-nothing = Nobody sees patients on that day
day-sheet-nothing-about = No doctor has an availability or an appointment at { $hospital } on { $day }. Choose another day, or add an availability on the schedule.
day-sheet-exception = Other hours hold on that day: { $reason }.
