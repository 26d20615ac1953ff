"""Where time goes, as OpenTelemetry's spans: sent by OTLP over HTTP where `OTEL_EXPORTER_OTLP_ENDPOINT` says to where.
Otherwise nothing is traced, and a span costs nothing.

The trace of an HTTP request bears the request's id, that of a job (a planning run, a reschedule, a report) the job's:
what is found in a log is found among the traces. No span names a patient, a path or a row.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Link, Tracer

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

_TRACE = re.compile(r"(?!0{32})[0-9a-f]{32}")
_PARENT = re.compile(r"00-((?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
"""W3C Trace Context, version 00."""

Value = str | int | float | bool

_wanted: ContextVar[str | None] = ContextVar("wanted trace", default=None)


class Span(Protocol):
    """What may be done with a span that is open."""

    def set_attribute(self, key: str, value: Value) -> None:
        """Say something about what the span is of."""

    def update_name(self, name: str) -> None:
        """Name it by what is known now."""


class _Unseen:
    def set_attribute(self, key: str, value: Value) -> None:
        pass

    def update_name(self, name: str) -> None:
        pass


_UNSEEN = _Unseen()
_provider: "TracerProvider | None" = None
_tracer: "Tracer | None" = None


def begin(service: str) -> None:
    """Trace what this process does from here on, if an exporter is configured; call it after any fork."""
    global _provider, _tracer  # noqa: PLW0603  # one of each for the process, as with logs
    if _tracer is not None or not any(os.environ.get(each) for each in _ENDPOINTS):
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator  # noqa: PLC0415

    class Ids(RandomIdGenerator):
        """A trace gets the id that is wanted for it; its first span one that follows, so that others can link it."""

        def generate_trace_id(self) -> int:
            wanted = _wanted.get()
            return int(wanted, 16) if wanted else super().generate_trace_id()

        def generate_span_id(self) -> int:
            wanted = _wanted.get()
            return _first_span(wanted) if wanted else super().generate_span_id()

    names = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": service}
    _provider = TracerProvider(resource=Resource.create(names), id_generator=Ids())
    _provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _tracer = _provider.get_tracer("slotwise")


def end() -> None:
    """Send what has not been sent, and trace no more."""
    global _provider, _tracer  # noqa: PLW0603
    if _provider:
        _provider.shutdown()
    _provider = _tracer = None


@contextmanager
def span(name: str, *, since: int | None = None, because_of: Iterable[str] = ()) -> Iterator[Span]:
    """A span for the length of a block, in the one that is open. `since`: nanoseconds since 1970 at which it began.

    `because_of`: the ids of HTTP requests that asked for what is done. Their spans are linked, where the ids are those
    of traces that began with them.
    """
    if _tracer is None:
        yield _UNSEEN
        return
    with _tracer.start_as_current_span(name, links=_links(because_of), start_time=since) as opened:
        yield opened


@contextmanager
def trace(
    name: str,
    id_: str,
    attributes: Mapping[str, Value] | None = None,
    *,
    server: bool = False,
    parent: str | None = None,
) -> Iterator[Span]:
    """A trace of its own for the length of a block. It has the id `id_` where that is one (32 hexadecimal digits);
    with a caller's `parent` (a `traceparent` that is one), it goes on with the caller's trace. `server`: somebody waits
    for it.
    """
    if _tracer is None:
        yield _UNSEEN
        return
    from opentelemetry.context import Context  # noqa: PLC0415
    from opentelemetry.trace import SpanKind, use_span  # noqa: PLC0415
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    context = Context()
    if is_theirs := bool(parent and trace_of(parent)):
        context = TraceContextTextMapPropagator().extract({"traceparent": parent}, context)
    wanted = _wanted.set(id_ if _TRACE.fullmatch(id_) and not is_theirs else None)
    try:
        opened = _tracer.start_span(name, context, SpanKind.SERVER if server else SpanKind.INTERNAL, attributes)
    finally:
        _wanted.reset(wanted)
    with use_span(opened, end_on_exit=True):
        yield opened


def trace_of(parent: str) -> str | None:
    """The id of the trace that a `traceparent` names; None where it is none."""
    found = _PARENT.fullmatch(parent)
    return found.group(1) if found else None


def _links(requests: Iterable[str]) -> "list[Link]":
    from opentelemetry.trace import Link, SpanContext, TraceFlags  # noqa: PLC0415

    traces = [each for each in requests if _TRACE.fullmatch(each)]
    sampled = TraceFlags(TraceFlags.SAMPLED)
    return [Link(SpanContext(int(each, 16), _first_span(each), is_remote=True, trace_flags=sampled)) for each in traces]


def _first_span(trace: str) -> int:
    """The id of the first span of a trace that we have named."""
    return int(trace[16:], 16) or 1
