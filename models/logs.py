"""Log lines as key and value, with the HTTP request or the job that they belong to; as JSON for machines to read."""

import logging

import structlog


def configure_logs(*, as_json: bool, level: int = logging.INFO) -> None:
    """Send everything this process logs, ours and the libraries', to standard error in one form; unless it has decided
    already how it logs.

    Libraries speak from `level` on, we ourselves from INFO on: what a run decided is not a detail. What belongs to an
    HTTP request or a job carries its id, by `structlog.contextvars`.
    """
    if structlog.is_configured():
        return
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for ours in ("workers", "slotwise"):
        logging.getLogger(ours).setLevel(min(level, logging.INFO))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
