# Calendar feeds: what a phone shows, and the page on which their addresses are made.

# In the calendar itself. It lies on phones and in clouds: no sentence here names a patient.
calendars-feed-name = { $doctor }: Slotwise
calendars-feed-about = Appointments and availabilities of { $doctor }, without the names of patients.
calendars-event-booked = Appointment
calendars-event-completed = Appointment (completed)
calendars-event-no-show = Appointment (no-show)
calendars-event-cancelled = Cancelled: appointment
calendars-event-available = Available for appointments
calendars-event-clock = { $start } to { $end } by the hospital’s clock ({ $zone })
