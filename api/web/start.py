"""Where the address alone leads."""

from fastapi import APIRouter
from fastapi.responses import RedirectResponse

router = APIRouter()


@router.get("/")
@router.get("/app")
@router.get("/app/")
async def start() -> RedirectResponse:
    """The page that staff use all day."""
    return RedirectResponse("/app/schedule", status_code=303)
