"""Finding the patient, as one types. What was typed is sent as a form: names stand in no address."""

from fastapi import APIRouter, Request, Response

from api.web import forms
from api.web.forms import SentForm
from api.web.rendering import page
from models.directory import search_patients
from models.session import transaction

router = APIRouter()

MOST = 12
"""How many patients are shown; one more is read, to know whether there are others."""


@router.post("/app/dialogs/patients")
def find(request: Request, sent: SentForm) -> Response:
    """The patients found, as a list to choose from."""
    asked = forms.first(sent, "text") or ""
    with transaction() as session:
        found = search_patients(session, asked, MOST + 1) if asked else []
    return page(request, "dialogs/patients.html", found=found[:MOST], more=len(found) > MOST, asked=asked)
