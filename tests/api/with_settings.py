"""A server of its own with settings of its own, on the test's database."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import httpx
import pytest
import uvicorn

from api.app import create_app
from api.protocol import BoundedHttp
from api.settings import api_settings
from tests.serving import _listener
from tests.signed_in import HEADERS


@contextmanager
def served_with(**chosen: str) -> Iterator[httpx.Client]:
    """A caller (an admin in a browser) of a server with these variables set; the fixture `api` has to be there too."""
    with pytest.MonkeyPatch.context() as environment, _listener() as listener:
        for name, value in chosen.items():
            environment.setenv(name, value)
        api_settings.cache_clear()
        try:
            config = uvicorn.Config(
                create_app(),
                http=BoundedHttp,
                ws="none",
                log_level="warning",
                access_log=False,
                proxy_headers=False,
                timeout_graceful_shutdown=1,
            )
        finally:
            api_settings.cache_clear()
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            with closing(httpx.Client(base_url=address, headers=HEADERS, timeout=30, trust_env=False)) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join(timeout=10)
