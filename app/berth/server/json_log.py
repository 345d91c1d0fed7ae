"""The server's own log records as JSON objects, so that every line of a container's log is one."""

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger


class JsonFormatter(logging.Formatter):
    """Formats a record with the keys of Lambda's JSON logs: timestamp, level, message, logger, error."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one record as one line."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        document: dict[str, Any] = {
            "timestamp": time.replace("+00:00", "Z"),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            document["errorType"] = type(error).__name__
            document["errorMessage"] = str(error)
            document["stackTrace"] = traceback.format_tb(error.__traceback__)
        return json.dumps(document, ensure_ascii=False, default=str)


class JsonLogger(Logger):  # type: ignore[misc]
    """gunicorn's logger; it writes its own records and those of the root logger as JSON objects."""

    def setup(self, cfg: Config) -> None:
        """Set up the handlers of all loggers as gunicorn does, then let each handler write JSON."""
        super().setup(cfg)
        logging.basicConfig()
        for logger in (self.error_log, self.access_log, logging.getLogger()):
            for handler in logger.handlers:
                handler.setFormatter(JsonFormatter())
