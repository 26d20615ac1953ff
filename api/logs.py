"""Log lines as key and value with the id of the request they belong to; as JSON where a machine reads them."""

import sys

import structlog


def configure_logs(*, as_json: bool) -> None:
    """Send what the API logs to standard error, unless the process it runs in has decided already."""
    if structlog.is_configured():
        return
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
