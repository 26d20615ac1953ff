"""`slotwise up` listens on this machine only, unless all is set that keeps strangers out."""

import datetime as dt
import json
import os
import signal
import socket
import ssl
import subprocess
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cli.embedded.folder import temporary_data_folder
from cli.listening import Listening
from cli.output import Exit, Stop

ALL = "0.0.0.0"  # noqa: S104
NAME = "plan.hospital.example"
SET = {
    "TRUSTED_PROXIES": "10.0.0.7",
    "ALLOWED_HOSTS": NAME,
    "DATABASE_URL": "postgresql+psycopg://slotwise_app:secret@db/slotwise",
    "OWNER_DATABASE_URL": "postgresql+psycopg://slotwise:secret@db/slotwise",
    "REDIS_URL": "redis://:secret@queue:6379/0",
}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate that nobody vouches for, and its key."""
    folder, key = tmp_path_factory.mktemp("tls"), ec.generate_private_key(ec.SECP256R1())
    name, today = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)]), dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    files[1].write_bytes(key.private_bytes(*pem))
    return files


def refusal(listening: Listening) -> str:
    with pytest.raises(Stop) as raised:
        listening.check()
    assert raised.value.code is Exit.USAGE
    return str(raised.value)


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has chosen anything."""
    for name in SET:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_on_this_machine_nothing_has_to_be_set(host: str) -> None:
    Listening(host).check()


@pytest.mark.parametrize("host", [ALL, "192.168.1.5", "::", "slotwise.example.org", ""])
def test_elsewhere_everything_that_is_missing_is_named_at_once(host: str) -> None:
    told = refusal(Listening(host))
    assert "--tls-certificate" in told
    assert "TRUSTED_PROXIES" in told
    assert "ALLOWED_HOSTS" in told
    assert "DATABASE_URL" not in told, "the services of its own have passwords"


def test_where_all_is_set_it_listens(monkeypatch: pytest.MonkeyPatch, certificate) -> None:
    for name, value in SET.items():
        monkeypatch.setenv(name, value)
    Listening(ALL).check()
    monkeypatch.delenv("TRUSTED_PROXIES")
    Listening(ALL, None, *certificate).check()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("TRUSTED_PROXIES", "", "encryption"),
        ("ALLOWED_HOSTS", "", "ALLOWED_HOSTS"),
        ("ALLOWED_HOSTS", "*", "ALLOWED_HOSTS"),
        ("DATABASE_URL", "postgresql+psycopg://slotwise_app@db/slotwise", "a password in DATABASE_URL"),
        ("DATABASE_URL", SET["OWNER_DATABASE_URL"], "OWNER_DATABASE_URL"),
        ("OWNER_DATABASE_URL", "", "OWNER_DATABASE_URL"),
        ("REDIS_URL", "redis://queue:6379/0", "a password in REDIS_URL"),
    ],
)
def test_each_is_needed(monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str) -> None:
    for each, setting in SET.items():
        monkeypatch.setenv(each, setting)
    monkeypatch.setenv(name, value)
    message = refusal(Listening(ALL))
    assert message.count("\n  - ") == 1
    assert told in message
    assert "secret" not in message


def test_a_certificate_and_its_key_go_together(certificate, tmp_path: Path) -> None:
    assert "go together" in refusal(Listening(certificate=certificate[0]))
    assert "go together" in refusal(Listening(key=certificate[1]))
    assert "no certificate and its key" in refusal(Listening(certificate=certificate[1], key=certificate[1]))
    assert "No such file" in refusal(Listening(certificate=tmp_path / "none", key=certificate[1]))


def test_says_so_on_the_command_line_before_anything_starts(slotwise, tmp_path: Path) -> None:
    done = slotwise("up", "--host", ALL, "--data", tmp_path / "data")
    assert done.code == 2
    assert "other machines can reach" in done.err
    assert not (tmp_path / "data").exists()


def test_encrypted_it_answers_with_its_certificate_and_to_its_name(certificate, program: Path) -> None:
    """An instance that listens everywhere."""
    kept = {name: value for name, value in os.environ.items() if name not in SET} | {"ALLOWED_HOSTS": NAME}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with temporary_data_folder() as folder:
        argv = [program, "up", "--json", "--data", str(folder), "--workers", "1", "--host", ALL, "--port", str(port)]
        argv += ["--tls-certificate", str(certificate[0]), "--tls-key", str(certificate[1])]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=kept)
        try:
            assert process.stdout
            told = json.loads("".join(iter(process.stdout.readline, "}\n")) + "}")
            assert told["api"] == f"https://{NAME}:{port}"
            trusting = ssl.create_default_context(cafile=certificate[0])
            trusting.check_hostname = False
            with httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=trusting, trust_env=False) as caller:
                answer = caller.get("/docs", headers={"Host": NAME})
                assert answer.status_code == 200
                assert "strict-transport-security" in answer.headers
                assert "server" not in answer.headers, "nobody needs to know what serves it"
                assert caller.get("/docs", headers={"Host": "evil.example"}).status_code == 421
            with pytest.raises(httpx.TransportError):
                httpx.get(f"http://127.0.0.1:{port}/docs", trust_env=False)
        finally:
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
