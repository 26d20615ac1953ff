"""The API's reference, readable without a network."""

import json
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from api import html
from api.html import inline

router = APIRouter()


@router.get("/assets/style.css")
async def style() -> Response:
    """The style sheet of these pages."""
    return Response(html.STYLE, media_type="text/css", headers={"Cache-Control": "max-age=3600"})


@router.get("/docs")
def reference(request: Request) -> HTMLResponse:
    """The API's reference, made from its OpenAPI document."""
    document = request.app.openapi()
    by_tag: dict[str, list[str]] = {tag["name"]: [] for tag in document["tags"]}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            by_tag[operation["tags"][0]].append(_operation(method, path, operation, document))
    sections = "".join(f"<h2>{tag}</h2>{''.join(entries)}" for tag, entries in by_tag.items())
    about = "".join(f"<p>{inline(line)}</p>" for line in _paragraphs(document["info"]["description"]))
    return html.page(
        "Slotwise API", f'<h1>Slotwise API</h1>{about}<p><a href="/openapi.json">OpenAPI</a></p>{sections}'
    )


def _paragraphs(markdown: str) -> list[str]:
    text = markdown.replace("**", "").replace("\n- ", "\n\n").replace("\n  ", " ")
    return [" ".join(block.split()) for block in text.split("\n\n") if block.strip()]


def _operation(method: str, path: str, operation: dict[str, Any], document: dict[str, Any]) -> str:  # Any: OpenAPI
    parameters = [(each["name"], each["in"], each.get("description", "")) for each in operation.get("parameters", ())]
    answers = [(status, answer["description"]) for status, answer in operation["responses"].items()]
    return "".join(
        (
            f"<h3><code>{method.upper()} {path}</code> {inline(operation['summary'])}</h3>",
            f"<p>{inline(operation.get('description', ''))}</p>",
            html.table(("Parameter", "In", ""), parameters) if parameters else "",
            _body(operation, document),
            html.table(("Answer", ""), answers),
        )
    )


def _body(operation: dict[str, Any], document: dict[str, Any]) -> str:  # Any: OpenAPI
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return ""
    example = content.get("example") or _example(content["schema"], document)
    return f"<pre>{escape(json.dumps(example, indent=2))}</pre>"


def _example(schema: dict[str, Any], document: dict[str, Any]) -> Any:  # Any: a JSON value
    """An example of a schema: its own, or one put together from those of its parts."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        schema = {**schema["anyOf"][0], **schema}
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    match schema.get("type"):
        case "object":
            return {name: _example(part, document) for name, part in schema.get("properties", {}).items()}
        case "array":
            return [_example(schema["items"], document)]
        case "string" if schema.get("format") == "date-time":
            return "2026-12-01T10:00:00+00:00"
        case _:
            return schema.get("default", "…")
