"""One shape of error for the whole API: problem+json (RFC 9457)."""

from typing import Any

from rest_framework.response import Response
from rest_framework.views import exception_handler


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's answer to the error as application/problem+json; None for what is not its own."""
    response = exception_handler(error, context)
    if response is None:
        return None
    data = response.data
    detail = data.get("detail") if isinstance(data, dict) else None
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": response.status_text,
        "status": response.status_code,
    }
    if detail is not None:
        body["detail"] = str(detail)
        body["code"] = getattr(detail, "code", "error")
        body |= {name: value for name, value in data.items() if name != "detail"}
    else:
        body["detail"] = "The request is not valid."
        body["code"] = "invalid"
        body["errors"] = data
    response.data = body
    response.content_type = "application/problem+json"
    return response
