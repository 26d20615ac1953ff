"""The pages of bulk rescheduling.

listing.py   the list of jobs
asking.py    the form of a new one
form.py      what that form holds while it is filled in
week.py      weekly hours as people type them
one.py       a job: followed until it is planned, then what it would do
telling.py   a job in words
pictures.py  before and after by day, and how far appointments move
moves.py     its appointments as rows
naming.py    sentences with names in place of ids
extra.py     hours that would place those left over
ways_in.py   links from the schedule to the form
deeds.py     applying, discarding, planning again, undoing
"""

from fastapi import APIRouter

from api.web.reschedules import asking, deeds, listing, one

router = APIRouter()
for part in (listing, asking, one, deeds):
    router.include_router(part.router)
