"""What the form for a new access token asks for."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.web import forms
from api.web.forms import Sent, first
from api.web.words import t
from models.access.scopes import Scope
from models.hospitals import Hospital

EXPIRIES: Mapping[str, dt.timedelta | None] = {
    "90": dt.timedelta(days=90),
    "30": dt.timedelta(days=30),
    "365": dt.timedelta(days=365),
    "never": None,
}
"""After how long a token expires, by what the form sends; None: never. The first is chosen unless another is."""

LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """A token that somebody asks for. `hospitals` None: everywhere; `expires_at` None: never."""

    name: str
    scopes: frozenset[Scope]
    hospitals: frozenset[uuid.UUID] | None
    expires_at: dt.datetime | None


def read_token(session: Session, sent: Sent, now: dt.datetime, faults: forms.Faults) -> Asked | None:
    """The token that a form asks for; None where it has faults, which are added to `faults`.

    Nothing is taken for granted: neither everything that a token may do nor every hospital is what is left empty.
    """
    name, expires = first(sent, "name") or "", first(sent, "expires") or ""
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        forms.add(faults, "name", t("admin-name-wanted", longest=LONGEST_NAME))
    scopes = frozenset(Scope(each) for each in sent.get("scope", []) if each in set(Scope))
    if not scopes or len(scopes) < len(set(sent["scope"])):
        forms.add(faults, "scope", t("admin-scope-wanted"))
    chosen, everywhere = set(sent.get("hospital", [])), "everywhere" in sent
    found = frozenset(session.scalars(select(Hospital.id).where(Hospital.external_id.in_(chosen))))
    if everywhere is bool(chosen) or len(found) < len(chosen):
        forms.add(faults, "hospital", t("admin-hospital-wanted"))
    if expires not in EXPIRIES:
        forms.add(faults, "expires", t("admin-expiry-wanted"))
    if faults:
        return None
    lasts = EXPIRIES[expires]
    return Asked(name, scopes, None if everywhere else found, now + lasts if lasts else None)
