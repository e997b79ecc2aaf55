"""A line of JSON for each request."""

import json
import logging
from datetime import datetime, timezone

LOG = logging.getLogger("nhl.requests")


class JsonLines(logging.Formatter):
    """A record whose one argument is a mapping, as a JSON object that begins with its time."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        time = datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds")
        told = record.args if isinstance(record.args, dict) else {"message": record.getMessage()}
        return json.dumps({"time": time, **told})


def log_requests() -> None:
    """Write the lines to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    LOG.handlers = [handler]
    LOG.setLevel(logging.INFO)
    LOG.propagate = False
