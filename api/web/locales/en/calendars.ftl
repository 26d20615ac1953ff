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

# The page
calendars-title = Calendars
calendars-about = Let a doctor’s phone or computer show the schedule in its own calendar: make an address for each device, and revoke it when the device is lost.
calendars-no-names = Patients’ names are never in it, for it lies on phones and in clouds.
calendars-name = Doctor
calendars-specialty = Specialty
calendars-any-specialty = Any
calendars-search = Search
calendars-doctors = Doctors and their addresses
calendars-count = { $count ->
    [one] 1 doctor
   *[other] { $count } doctors
}
calendars-none = No device reads the schedule.
calendars-inactive = No longer active: the addresses lead nowhere.
calendars-read = read { $ago }
calendars-never-read = never read, made { $ago }
calendars-make = Make an address
calendars-make-of = Make an address for { $doctor }
calendars-revoke = Revoke
calendars-revoke-of = Revoke { $label } of { $doctor }
calendars-pages = Pages of doctors
calendars-page = Page { $page } of { $pages }
calendars-previous = Previous
calendars-next = Next
calendars-nobody = There are no doctors yet
calendars-nobody-about = The hospital system adds doctors through the API, or import them from a file.
calendars-nobody-found = No doctor fits
calendars-nobody-found-about = Try a part of the name, or another specialty.
calendars-all = Show all doctors
calendars-back = All calendars

# Making one
calendars-new-title = New address for { $doctor }
calendars-label = What is it for?
calendars-label-hint = A name for the device, such as Phone, so that you know later which one to revoke.
calendars-new-about = Whoever has the address can read the schedule until you revoke it.
calendars-made-title = { $label } of { $doctor }
calendars-address = Address
calendars-once = This is the only time it is shown. Lost it? Revoke it and make another.
calendars-only-here = The address names this machine ({ $host }), so it works here only. For a phone, open this page under the name by which phones reach the server, and make the address there.
calendars-copy = Copy
calendars-copied = Copied.
calendars-copy-by-hand = Copy the marked address by hand.
calendars-subscribe = Subscribe on this device
calendars-iphone = iPhone
calendars-iphone-how = Open the address on it, or go to Calendar, Calendars, Add Calendar, Add Subscription Calendar and paste it.
calendars-android = Android
calendars-android-how = In Google Calendar in a browser, choose Other calendars, From URL and paste it; Google must be able to reach the server.
calendars-outlook = Outlook
calendars-outlook-how = Choose Add calendar, Subscribe from web and paste it.
calendars-done = Done

# Revoking one
calendars-revoke-title = Revoke { $label } of { $doctor }?
calendars-revoke-about = The device gets no more news from now on, and the address never works again. What it has already stays there until the calendar is removed on it.
calendars-keep = Keep it
calendars-revoked = { $label } of { $doctor } is revoked.
