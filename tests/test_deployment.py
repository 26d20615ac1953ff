"""What the production files start exists, as far as that can be known without a container engine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from api.__main__ import ENDS_WITHIN, OPTIONS
from cli.embedded.postgresql import _SETTINGS as EMBEDDED
from cli.instance import _API_GRACE
from models.settings import Settings
from workers.draining import GONE, LETTING_GO

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
CHECK = (BIN / "docker-compose", "--file", "docker-compose.yml", "config", "--quiet")
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
SHARED = {"database_url", "redis_url", "smtp_url", "webhook_secret"}
SECRETS = {
    **dict.fromkeys(["beat", "teller", "worker"], SHARED),
    "api": SHARED | {"oidc_client_secret"},
    "migrations": {"database_url", "owner_database_url"},
}


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
    checked = run(*CHECK, ALLOWED_HOSTS="plan.hospital.example")
    assert (checked.returncode, checked.stderr) == (0, "")


def test_nothing_starts_before_its_names_are_chosen():
    assert "ALLOWED_HOSTS is missing a value" in run(*CHECK).stderr


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
    assert set(service["secrets"]) == SECRETS[name]
    assert not {secret.upper() for secret in set().union(*SECRETS.values())} & set(service["environment"])


def test_only_the_migrations_know_the_role_that_owns_the_tables():
    knows = [name for name, service in SERVICES.items() if "owner_database_url" in service.get("secrets", ())]
    assert knows == ["migrations"]


def test_the_database_logs_no_rows_and_no_values():
    command = SERVICES["postgresql"]["command"]
    said = dict(each.removeprefix("-c").split("=", 1) for each in command[1:] if each.startswith("-clog_"))
    embedded = {name: value for name, value in EMBEDDED.items() if name in said}
    assert said == embedded
    assert {"log_error_verbosity", "log_parameter_max_length", "log_parameter_max_length_on_error"} <= said.keys()


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_container_has_the_secrets_that_its_settings_go_with(name):
    wants = {"WEBHOOK_URL": "webhook_secret", "MAIL_FROM": "smtp_url", "OIDC_ISSUER": "oidc_client_secret"}
    service = OURS[name]
    assert {wants[each] for each in wants if each in service["environment"]} <= set(service["secrets"])


def test_planning_and_telling_have_workers_of_their_own():
    queues = {name: OURS[name]["command"][OURS[name]["command"].index("--queues") + 1] for name in ("worker", "teller")}
    assert queues == {"worker": "celery", "teller": "deliveries"}


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


@pytest.mark.parametrize("name", ["worker", "teller"])
def test_workers_are_given_the_time_to_end_that_they_take(name):
    # A container has the setting's default: who changes one changes the other.
    assert "DRAIN_SECONDS" not in OURS[name].get("environment", {})
    assert seconds(OURS[name]["stop_grace_period"]) > Settings.model_fields["drain_seconds"].default + LETTING_GO + GONE


def test_the_api_is_given_the_time_to_end_that_it_takes():
    assert OURS["api"]["command"][:3] == ["python", "-m", "api"]
    assert OPTIONS[OPTIONS.index("--timeout-graceful-shutdown") + 1] == str(ENDS_WITHIN)
    assert seconds(OURS["api"]["stop_grace_period"]) > ENDS_WITHIN
    assert _API_GRACE > ENDS_WITHIN


def test_beat_is_healthy_as_long_as_it_says_that_it_goes_on(tmp_path):
    beat = OURS["beat"]
    file = tmp_path / "beat"
    kind, check = beat["healthcheck"]["test"]
    command = check.replace("$$", "$").replace(beat["environment"]["HEARTBEAT_FILE"], str(file))
    assert (kind, run("sh", "-c", command).returncode) == ("CMD-SHELL", 1)
    file.touch()
    assert run("sh", "-c", command).returncode == 0
    os.utime(file, (0, file.stat().st_mtime - 61))
    assert run("sh", "-c", command).returncode == 1


def test_the_api_is_published_on_loopback_only():
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


@pytest.mark.parametrize("name", ["prometheus", "grafana"])
def test_who_watches_is_asked_for_and_has_no_more_rights_than_they_need(name):
    service = SERVICES[name]
    assert service["profiles"] == ["monitoring"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["deploy"]["resources"]["limits"]["memory"]
    mounted = [volume.split(":") for volume in service["volumes"]]
    assert all((ROOT / source).is_file() and how == ["ro"] for source, _, *how in mounted if source.startswith("."))
    assert "secrets" not in service


def test_prometheus_asks_every_process_that_tells_metrics():
    told = {name for name, service in OURS.items() if "METRICS_PORT" in service["environment"]}
    [job] = yaml.safe_load((ROOT / "ops/prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    [asked] = job["dns_sd_configs"]
    assert set(asked["names"]) == told - {"beat"}  # which only sends what workers do, and count
    port = {service["environment"]["METRICS_PORT"] for name, service in OURS.items() if name in told}
    assert port == {str(asked["port"])}
    # Inside the network of these containers, and nowhere else.
    assert not [each for service in OURS.values() for each in service.get("ports", []) if str(asked["port"]) in each]


def test_the_api_believes_no_machine_but_the_one_it_runs_on():
    network = COMPOSE["networks"]["default"]["ipam"]["config"][0]
    assert OURS["api"]["environment"]["TRUSTED_PROXIES"] == f"${{TRUSTED_PROXIES:-{network['gateway']}}}"
    # Its own server may not believe anybody before it.
    assert {"--no-proxy-headers", "--no-server-header", "--no-access-log"} <= set(OPTIONS)


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
