"""The few pages that the API serves itself: plain HTML, no script, one style sheet."""

from collections.abc import Iterable, Sequence
from html import escape

from fastapi.responses import HTMLResponse

STYLE = """\
:root { color-scheme: light dark; --ink: #1d2733; --soft: #5a6b7c; --line: #dce3ea; --paper: #fff; --link: #0b5cad; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4eaf0; --soft: #9fb0c0; --line: #2f3b47; --paper: #141a20; --link: #7db7f2; }
}
body { margin: 3rem auto; max-width: 62rem; padding: 0 1.25rem; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .5rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.6rem 0 .3rem; } p { max-width: 46rem; } a { color: var(--link); }
.soft { color: var(--soft); } code, pre { font: 14px/1.5 ui-monospace, monospace; }
pre { border: 1px solid var(--line); border-radius: 6px; overflow: auto; padding: .7rem .9rem; }
table { border-collapse: collapse; } td, th { border-bottom: 1px solid var(--line); padding: .3rem 1.2rem .3rem 0;
  text-align: left; vertical-align: top; } td.number { text-align: right; font-variant-numeric: tabular-nums; }
"""


def page(title: str, body: str, status: int = 200) -> HTMLResponse:
    """A whole page; `body` is HTML."""
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="stylesheet" href="/assets/style.css"></head>'
        f"<body><main>{body}</main></body></html>",
        status,
    )


def table(headings: tuple[str, ...], rows: Iterable[Sequence[object]]) -> str:
    """A table; texts are escaped, numbers stand to the right."""
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = "".join(f"<tr>{''.join(_cell(value) for value in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    if isinstance(value, int):
        return f'<td class="number">{value:,}</td>'
    return f"<td>{escape(str(value))}</td>"


def inline(text: str) -> str:
    """Escaped text in which `code` is set as code."""
    parts = escape(text).split("`")
    return "".join(part if place % 2 == 0 else f"<code>{part}</code>" for place, part in enumerate(parts))
