"""Ends with 0 when the server in this container is ready for requests."""

import os
import sys
import urllib.error
import urllib.request

PORT = os.environ.get("GRANIAN_PORT", "8080")
TIMEOUT = 4  # seconds; the container's own is 5


def host() -> str:
    """A name the shop answers to: the first allowed one, as others are refused."""
    first = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip().removeprefix(".")
    return "localhost" if first in ("", "*") else first


def main() -> int:
    url = f"http://127.0.0.1:{PORT}/readyz"
    request = urllib.request.Request(url, headers={"Host": host()})
    try:
        urllib.request.urlopen(request, timeout=TIMEOUT).close()  # noqa: S310
    except OSError as error:  # refused, too slow, or an answer of 4xx or 5xx
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
