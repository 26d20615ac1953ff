"""What the production files start exists, as far as that can be known without a container engine."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}


def lines_of(name: str) -> list[str]:
    return (ROOT / name).read_text(encoding="utf-8").splitlines()


def run(*argv: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in argv],
        cwd=ROOT,
        env={"PATH": f"{BIN}:/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_compose_file_is_valid():
    checked = run(BIN / "docker-compose", "--file", "docker-compose.yml", "config", "--quiet")
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_compose_file_starts_every_kind_of_process():
    assert sorted(OURS) == ["api", "beat", "migrations", "teller", "worker"]


@pytest.mark.parametrize("name", sorted(OURS))
def test_what_a_container_starts_is_a_command_that_exists(name, service_environment):
    started = run(*OURS[name]["command"], "--help", **service_environment)
    assert started.returncode == 0, started.stderr
    assert "Usage" in started.stdout


def test_the_applications_that_containers_name_can_be_loaded(service_environment):
    loaded = run(sys.executable, "-c", "from api.app import app; from workers.app import app", **service_environment)
    assert loaded.returncode == 0, loaded.stderr


@pytest.mark.parametrize("name", sorted(OURS))
def test_containers_run_with_no_more_rights_than_they_need(name):
    service = OURS[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["deploy"]["resources"]["limits"]["memory"]
    # Passwords come from files; nothing secret is in the environment.
    assert set(service["secrets"]) == {"database_url", "redis_url", "smtp_url", "webhook_secret"}
    assert not {"DATABASE_URL", "REDIS_URL", "SMTP_URL", "WEBHOOK_SECRET"} & set(service["environment"])


def test_planning_and_telling_have_workers_of_their_own():
    queues = {name: OURS[name]["command"][OURS[name]["command"].index("--queues") + 1] for name in ("worker", "teller")}
    assert queues == {"worker": "celery", "teller": "deliveries"}


def test_the_api_is_published_on_loopback_only():
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_the_image_is_built_from_files_that_exist_and_does_not_run_as_root():
    lines = lines_of("Dockerfile")
    copies = [line.split() for line in lines if line.startswith("COPY ") and "--from" not in line]
    copied = [name for _, *names, _ in copies for name in names]
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert set(copied) == {line[1:] for line in lines_of(".dockerignore") if line[0] == "!"}
    assert any(line.startswith("USER ") and not line.startswith("USER 0") for line in lines)


def test_the_lock_files_carry_hashes_and_no_address():
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert text.count("--hash=sha256:") >= text.count("==") > 50
        assert "://" not in text
        assert "index-url" not in text
