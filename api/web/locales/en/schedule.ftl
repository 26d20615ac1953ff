# The schedule: a day or a week of a hospital, as a grid and as a list.

schedule-title = Schedule
schedule-clock = Times in { $place }, { $offset }, now { $now }
schedule-week = { $first } to { $last }
schedule-days = Schedule

# Which days, of whom, and how
schedule-previous-day = Previous day
schedule-previous-week = Previous week
schedule-next-day = Next day
schedule-next-week = Next week
schedule-today = Today
schedule-date = Date
schedule-go = Go
schedule-specialty = Specialty
schedule-all-specialties = All specialties
schedule-doctors = { $count ->
    [0] All doctors
    [one] One doctor
   *[other] { $count } doctors
}
schedule-choose-doctors = Show only
schedule-find-doctor = Find a doctor
schedule-nobody-to-choose = Nobody has any hours in these days.
schedule-show-these = Show these
schedule-show-everyone = Show everyone
schedule-add-doctor = Add a doctor
schedule-add-doctor-why = Choose who has no hours here yet: an empty column appears, and a click on one of its hours adds an availability.
schedule-nobody-to-add = Every doctor there is has a column already.
schedule-print = Print
schedule-shown-as = Shown as
schedule-view-day = Day
schedule-view-week = Week
schedule-as-grid = Grid
schedule-as-list = List
schedule-part = Doctors { $first } to { $last } of { $count }
schedule-part-previous = Previous doctors
schedule-part-next = Next doctors

# Hours that are lost
schedule-away = Away…
schedule-away-label = Away…: { $doctor }
schedule-closes = Hospital closed…

# What is special about a day
schedule-note-hours = { $given ->
    [yes] { $day }: other opening hours than usual ({ $reason }).
   *[no] { $day }: other opening hours than usual.
}
schedule-note-clocks = { $day }: the clocks in { $place } are changed, so the day has { $hours } hours.

# In the grid
schedule-row-closed = Closed { $start }–{ $end }
schedule-row-twice = { $time } { $offset }
schedule-closed = Closed
schedule-closed-because = Closed: { $reason }
schedule-closed-then = { $hospital } is closed at that time. Choose an hour that is not hatched.
schedule-available = Available { $span }
schedule-elsewhere = At { $hospital }
schedule-available-label = Available { $span }, { $doctor }: change or withdraw
schedule-appointment-label = { $time }, { $patient }, with { $doctor }, { $status }
schedule-grid-help = The grid is drawn for pointing at. The list has everything in it as buttons.
schedule-to-list = Show the list
schedule-needs-script = The grid needs JavaScript; the list shows the same without it.
schedule-legend-available = available
schedule-legend-booked = booked
schedule-legend-completed = completed
schedule-legend-no-show = no-show
schedule-legend-closed = closed

# In the list
schedule-free = free
schedule-book = Book
schedule-book-label = Book { $time } with { $doctor }
schedule-open = open
schedule-add-availability = Add availability
schedule-add-availability-label = Add an availability { $time } for { $doctor }
schedule-is-available = not a whole hour
schedule-is-closed = closed
schedule-is-past = over

# Where there is nothing
schedule-no-hospital = There is no hospital yet
schedule-no-hospital-help = Import your hospitals with “slotwise import hospitals.csv”, or add one over the API; then its schedule appears here.
schedule-reference = How to, in the API reference
schedule-no-hours = { $hospital } keeps no opening hours yet
schedule-no-hours-help = Set them with PUT /hospitals/{ $hospital }/operating-hours, or import them from a file; then doctors can be available here.
schedule-beyond = No opening hours are known for these days yet
schedule-beyond-help = They are known up to the day before { $date }, and each night adds a day.
schedule-closed-day = { $hospital } is closed
schedule-closed-day-because = { $hospital } is closed: { $reason }
schedule-next-open = Next open day: { $date }
schedule-nobody-day = Nobody is available on this day
schedule-nobody-week = Nobody is available in this week
schedule-nobody-help = Choose a doctor below to add the first hours.
schedule-nobody-chosen = No doctor of this choice has any hours in these days
schedule-nobody-chosen-help = Show everyone, or add one of them below.
schedule-next-used = Next day with hours: { $date }
schedule-nowhere = There is no schedule that you can see yet
schedule-nowhere-staff = An admin says at which hospitals you act; ask one.
schedule-nowhere-doctor = Your schedule is here once you have an availability at a hospital.
schedule-your-account = Your account
