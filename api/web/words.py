"""Every sentence of the pages by its key, from `locales/<language>/*.ftl`.

The files are written in Fluent (https://projectfluent.org): names and numbers have their places in a sentence, and a
count chooses its plural. Another language is another folder of the same keys.
"""

from functools import cache
from pathlib import Path

from fluent.runtime import FluentBundle, FluentResource

LOCALE = "en_GB"
"""The language of the sentences, and of dates and numbers, as Babel names it."""

FOLDER = Path(__file__).parent / "locales" / "en"


class Unsaid(LookupError):  # noqa: N818  # what it is
    """A key that no file has, or a sentence that was not told all it needs."""


def t(key: str, /, **values: object) -> str:
    """The sentence of a key, with `values` in their places.

    Raises
    ------
    Unsaid
        where there is no such sentence, or a value is missing.

    """
    bundle = _bundle()
    if not bundle.has_message(key) or (pattern := bundle.get_message(key).value) is None:
        raise Unsaid(f"no sentence {key!r} in {FOLDER}")
    said, faults = bundle.format_pattern(pattern, {name.replace("_", "-"): value for name, value in values.items()})
    if faults:
        raise Unsaid(f"{key}: {faults}")
    return str(said)


@cache
def _bundle() -> FluentBundle:
    bundle = FluentBundle([LOCALE.replace("_", "-")], use_isolating=False)
    for file in sorted(FOLDER.glob("*.ftl")):
        bundle.add_resource(FluentResource(file.read_text(encoding="utf-8")))
    return bundle
