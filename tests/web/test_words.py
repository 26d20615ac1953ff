"""Every sentence is in one place, and every place is filled."""

import re
from html.parser import HTMLParser

import pytest
from fluent.syntax import FluentParser, ast
from jinja2 import Environment, nodes

from api.web.rendering import FOLDER
from api.web.words import FOLDER as LOCALE
from api.web.words import Unsaid, t

TEMPLATES = sorted((FOLDER / "templates").rglob("*.html"))
SOURCES = [*TEMPLATES, *sorted(FOLDER.rglob("*.py")), *sorted((FOLDER / "static").glob("*.js"))]


def _keys() -> list[str]:
    resources = [FluentParser().parse(file.read_text(encoding="utf-8")) for file in sorted(LOCALE.glob("*.ftl"))]
    entries = [entry for resource in resources for entry in resource.body]
    assert not [entry.content for entry in entries if isinstance(entry, ast.Junk)]
    return [entry.id.name for entry in entries if isinstance(entry, ast.Message)]


KEYS = _keys()


def test_no_key_is_there_twice():
    assert len(set(KEYS)) == len(KEYS)


def test_every_key_is_used():
    """A key that is put together (`t("common-status-" ~ status)`) counts as used by its beginning."""
    sources = "\n".join(source.read_text(encoding="utf-8") for source in SOURCES)
    quoted = set(re.findall(r"""["']([a-z][a-z0-9-]+)["']""", sources))
    begun = {key for key in quoted if key.endswith("-")} | set(re.findall(r"""["']([a-z][a-z0-9-]+-)\{""", sources))
    unused = [key for key in KEYS if key not in quoted and not any(key.startswith(each) for each in begun)]
    assert unused == []


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: str(file.relative_to(FOLDER / "templates")))
def test_every_sentence_of_a_template_is_there(file):
    """Keys written out in a call are known; nothing is said in the template itself."""
    text = file.read_text(encoding="utf-8")
    tree = Environment(autoescape=True).parse(text)
    called = [
        call.args[0].value
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name == "t" and isinstance(call.args[0], nodes.Const)
    ]
    assert [key for key in called if key not in KEYS] == []
    bare = _Bare()
    bare.feed("".join(data.data for data in tree.find_all(nodes.TemplateData)))
    assert bare.words == []


class _Bare(HTMLParser):
    """Finds text between tags, and in the attributes that people read or hear."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words += re.findall(r"[^\W\d_]{2,}", re.sub(r'[a-z-]+="[^"]*"', "", data))  # attributes that a macro gives

    def handle_starttag(self, _tag: str, attributes: list[tuple[str, str | None]]) -> None:
        spoken = ("aria-label", "title", "placeholder", "alt")
        self.words += [f"{name}={value}" for name, value in attributes if name in spoken and value and value.strip()]


def test_a_sentence_without_what_it_needs_is_refused():
    with pytest.raises(Unsaid):
        t("common-request-id")
    with pytest.raises(Unsaid):
        t("there-is-no-such-key")
    assert t("common-faults-below", count=1) != t("common-faults-below", count=2).replace("2", "One")
