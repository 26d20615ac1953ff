"""The pages of booking requests.

listing.py   the list, filtered by its address
one.py       one request: followed until it is decided, its hour or the reasons, alternatives, cancelling
telling.py   a request in words
picture.py   the contested hours of a conflict, day by day
marks.py     what a conflict names, on that picture
contested.py the picture of a stored request
asking.py    the form of a new request, and of one that is tried again
wish_form.py what that form holds while it is filled in
batches.py   batches: a file sent, faults by line, progress
"""

from fastapi import APIRouter

from api.web.requests import asking, batches, listing, one

router = APIRouter()
for part in (listing, asking, batches, one):
    router.include_router(part.router)
