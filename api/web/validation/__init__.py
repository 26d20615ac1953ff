"""The pages of validation: what is wrong, what would break the schedule, what one more hour is worth.

asked.py      what the address of a list of findings asks for
standing.py   what is wrong now, and validating now
checked.py    when what was validated last
progress.py   how far validations are
telling.py    findings in words
things.py     what they are about, by name and with links
mending.py    what would mend them, in words
deeds.py      applying remedies, letting findings be
reports.py    the reports, and each of them
fragility.py  what losing a day would do, as a heat map
hours.py      what one more hour would be worth
"""

from fastapi import APIRouter

from api.web.validation import deeds, fragility, hours, reports, standing

router = APIRouter()
for part in (standing, deeds, reports, fragility, hours):
    router.include_router(part.router)
