"""What the address of a list of findings asks for. The address holds the whole state of the page."""

import uuid
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict

from api.named import Reference
from api.pages import checked, decode_rank, encode
from api.web.forms import Left
from api.web.rendering import query
from models.validation.codes import Code, Severity
from models.validation.reading import RANK, Wanted
from models.validation.tables import Change, Finding

AT_ONCE = 50
"""How many findings are shown at once."""


class Asked(BaseModel):
    """The parameters of an address. `hospital`: None is all of them; `known`: those that somebody lets be.

    `change`: of a report, those that are new in it, or were there before, or are gone. `after`: what comes after.
    """

    model_config = ConfigDict(frozen=True)

    hospital: Annotated[Reference | None, Left] = None
    severity: Annotated[Severity | None, Left] = None
    code: Annotated[Code | None, Left] = None
    known: Annotated[Literal["yes"] | None, Left] = None
    change: Annotated[Change | None, Left] = None
    after: Annotated[str | None, Left, checked(lambda cursor: cursor and decode_rank(cursor))] = None

    def wanted(self, hospital: uuid.UUID | None = None, *, acknowledged: bool | None = None) -> Wanted:
        """Which findings those are."""
        return Wanted(
            hospital,
            [self.severity] if self.severity else (),
            [self.code] if self.code else (),
            acknowledged,
            decode_rank(self.after) if self.after else None,
        )

    @property
    def narrowed(self) -> bool:
        """Whether anything but a hospital is asked for."""
        return bool(self.severity or self.code or self.known or self.change)

    def address(self, path: str = "/app/validation", **changes: Any) -> str:  # Any: of the parameter that changes
        """The address of the same list with some parameters changed, from its beginning."""
        other = self.model_copy(update={"after": None} | changes)
        return path + query({name: value and str(value) for name, value in other.model_dump().items()})

    def following(self, last: Finding, path: str = "/app/validation") -> str:
        """The address of what comes after a finding."""
        return self.address(path, after=encode(RANK[last.severity], last.id))


AskedFor = Annotated[Asked, Query()]
