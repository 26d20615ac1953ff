"""`python -m api`: serve the API, with what it needs of uvicorn; more of uvicorn's options may follow.

Paths and queries name patients, so nobody logs them; whom to believe is a setting (`TRUSTED_PROXIES`); nobody needs to
know what serves it; and what a request's head may be is bounded.
"""

import sys

import uvicorn

ENDS_WITHIN = 10
"""How long whoever is being answered may take at the end, in seconds."""

OPTIONS = [
    "api.app:app",
    *("--http", "api.protocol:BoundedHttp", "--ws", "none"),
    *("--no-access-log", "--no-proxy-headers", "--no-server-header"),
    *("--timeout-graceful-shutdown", str(ENDS_WITHIN)),
]

if __name__ == "__main__":
    uvicorn.main([*OPTIONS, *sys.argv[1:]], prog_name="python -m api")
