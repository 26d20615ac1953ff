"""Providers of OpenID Connect to sign in by: a real one in a process of its own, and one that lies as it is told."""

import base64
import datetime as dt
import hashlib
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT = "slotwise-of-the-tests"
SECRET = "the-client-secret-of-the-tests"


@contextmanager
def real_provider(*people: dict[str, Any]) -> Iterator[str]:
    """A provider that knows some people; yields its issuer. It is another site than ours: `localhost`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    known = [argument for each in people for argument in ("--user-claims", json.dumps(each))]
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce", "true", *known]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            issuer = f"http://localhost:{port}"
            _until_it_answers(f"{issuer}/.well-known/openid-configuration", process)
            yield issuer
        finally:
            process.terminate()


def _until_it_answers(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            httpx.get(url, trust_env=False).raise_for_status()
        except httpx.TransportError:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return


def new_key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})


@cache
def _first_key() -> RSAKey:
    """One for all tests of the process: making one takes long."""
    return new_key("first")


@dataclass
class Lies:
    """What the provider says. As it is made, it says the truth of `person`, and whoever comes is let in."""

    person: dict[str, Any] = field(default_factory=lambda: {"sub": "s-1", "email": "ana@hospital.example"})
    claims: dict[str, Any] = field(default_factory=dict)  # instead of the true ones; None: left out
    sign: Callable[[dict[str, Any]], str | None] | None = None  # instead of signing with the published key
    published: dict[str, Any] = field(default_factory=dict)
    user_info: dict[str, Any] | None = None
    status: int = 200
    key: RSAKey = field(default_factory=_first_key)
    hold: threading.Event | None = None  # what an answer waits for


@dataclass
class Asked:
    """What the token endpoint was asked: the fields of the form, and the Authorization header."""

    form: dict[str, str]
    authorization: str


@dataclass
class LyingProvider:
    """A provider of the test's own, at `issuer`."""

    issuer: str
    lies: Lies
    asked: list[Asked] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    nonce: str = ""
    challenge: str = ""

    def visit(self, location: str) -> dict[str, str]:
        """What a browser carries to the provider; what has to come back is kept."""
        carried = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        self.nonce, self.challenge = carried["nonce"], carried["code_challenge"]
        return carried

    def answer(self, path: str, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        self.paths.append(path)
        if self.lies.hold:
            self.lies.hold.wait(30)
        if self.lies.status != 200:
            return self.lies.status, {}
        match path:
            case "/.well-known/openid-configuration":
                return 200, self._published()
            case "/keys":
                return 200, {"keys": [self.lies.key.as_dict(private=False)]}
            case "/token":
                self.asked.append(Asked(form, authorization))
                return self._token(form)
            case "/user-info" if authorization == "Bearer an-access-token":
                return 200, self.lies.user_info or {}
            case _:
                return 404, {}

    def _published(self) -> dict[str, Any]:
        true = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }
        if self.lies.user_info is not None:
            true["userinfo_endpoint"] = f"{self.issuer}/user-info"
        return true | self.lies.published

    def _token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        proved = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(proved).rstrip(b"=").decode() != self.challenge or form["code"] != "a-code":
            return 400, {"error": "invalid_grant", "error_description": "ana@hospital.example has used it"}
        now = int(dt.datetime.now(dt.UTC).timestamp())
        true = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": self.nonce,
            "email_verified": True,
            **self.lies.person,
        }
        claims = {name: value for name, value in (true | self.lies.claims).items() if value is not None}
        sign = self.lies.sign or self.signed
        return 200, {"access_token": "an-access-token", "token_type": "Bearer", "id_token": sign(claims)}

    def signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": self.lies.key.kid}, claims, self.lies.key)


@contextmanager
def lying_provider() -> Iterator[LyingProvider]:
    """A provider that says whatever a test wants it to say."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer({name: values[0] for name, values in parse_qs(sent).items()})

        def _answer(self, form: dict[str, str]) -> None:
            status, told = provider.answer(self.path, form, self.headers.get("Authorization", ""))
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider = LyingProvider(f"http://127.0.0.1:{server.server_address[1]}", Lies())
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield provider
        finally:
            server.shutdown()
            serving.join()
