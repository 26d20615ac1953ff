"""The dialogs of the schedule: what a click on an empty hour, a free one, an availability or an appointment opens.

Each is a fragment for the page's one dialog. What they change they change as the JSON API does, by the same functions.
"""

from fastapi import APIRouter

from api.web.dialogs import appointment, availability, book, move, new_availability, patients

router = APIRouter()
for part in (new_availability, availability, book, patients, appointment, move):
    router.include_router(part.router)
