"""Settings that would lose work are refused at the start."""

import pytest
from pydantic import ValidationError

from models.outgoing import MailServer, Sender
from models.settings import Settings


def chosen(**values) -> Settings:
    return Settings(database_url="postgresql+psycopg://", redis_url="redis://localhost", **values)


def test_the_defaults_make_sense():
    assert chosen().lease >= 2 * chosen().plan_time_limit


def test_a_lease_that_planning_outlasts_is_refused():
    with pytest.raises(ValidationError, match=r"lease \(30 s\) has to be at least twice plan_time_limit \(20 s\)"):
        chosen(lease=30, plan_time_limit=20)


@pytest.mark.parametrize("url", ["", "sqlite://", "mysql://host/db", "postgresql+psycopg2://host/db", "nonsense"])
def test_only_postgresql_will_do(url):
    with pytest.raises(ValidationError, match=r"written like postgresql\+psycopg://user:password@host/database"):
        Settings(database_url=url, redis_url="redis://localhost")


def test_every_fault_of_the_environment_is_named_at_once(monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.setenv("MAX_ATTEMPTS", "0")
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert {fault["loc"][0] for fault in refused.value.errors()} == {"database_url", "redis_url", "max_attempts"}


WEBHOOK = {"webhook_url": "https://hospital.example/hook", "webhook_secret": f"whsec_{'QUJD' * 11}"}
MAIL = {"smtp_url": "smtp://localhost", "mail_from": "appointments@hospital.example"}


def test_nobody_is_told_unless_it_is_set():
    assert (chosen().webhook_url, chosen().smtp_url) == (None, None)
    unset = chosen(webhook_url="", webhook_secret="", smtp_url="", mail_from="")
    assert (unset.webhook_url, unset.webhook_secret, unset.smtp_url, unset.mail_from) == (None, None, None, None)


def test_an_empty_file_is_a_secret_that_is_not_set(tmp_path):
    for name in ("webhook_secret", "smtp_url"):
        (tmp_path / name).write_text("\n")
    assert (chosen(_secrets_dir=tmp_path).webhook_secret, chosen(_secrets_dir=tmp_path).smtp_url) == (None, None)
    (tmp_path / "smtp_url").write_text("smtp://relay\n")
    assert chosen(_secrets_dir=tmp_path, mail_from="a@b.example").smtp_url.get_secret_value() == "smtp://relay"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"webhook_url": WEBHOOK["webhook_url"]}, "webhook_url is set without webhook_secret"),
        ({"webhook_secret": WEBHOOK["webhook_secret"]}, "webhook_secret is set without webhook_url"),
        ({"smtp_url": MAIL["smtp_url"]}, "smtp_url is set without mail_from"),
        (MAIL | {"mail_from": ""}, "smtp_url is set without mail_from; set both or neither"),
    ],
)
def test_half_a_way_to_tell_is_refused(values, sentence):
    with pytest.raises(ValidationError, match=sentence):
        chosen(**values)


@pytest.mark.parametrize("url", ["hospital.example", "ftp://hospital.example", "https://", "https://a b", "http://h:x"])
def test_a_webhook_is_a_web_address(url):
    with pytest.raises(ValidationError, match="has to be written like https://host/path"):
        chosen(**WEBHOOK | {"webhook_url": url})


@pytest.mark.parametrize(
    "secret", ["guess-me", "QUJD" * 11, "whsec_QUJD", "whsec_" + "QUJD" * 22, "whsec_" + "Qü" * 22]
)
def test_a_weak_secret_is_refused_without_repeating_it(secret):
    with pytest.raises(ValidationError, match="make one with") as refused:
        chosen(**WEBHOOK | {"webhook_secret": secret})
    assert secret not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    ["localhost:25", "http://localhost", "smtp://", "smtp://ana@host", "smtp://h:x", "smtp://h/x", "smtp://h?tls=1"],
)
def test_a_mail_server_is_written_in_one_way(url):
    with pytest.raises(ValidationError, match="has to be written like smtp://host:25 or smtps://") as refused:
        chosen(**MAIL | {"smtp_url": url})
    assert url not in str(refused.value).replace("smtp://host:25", "")


def test_a_mail_server_is_read_whole():
    assert MailServer.of("smtp://relay") == MailServer("relay", 25, tls=False)
    secured = MailServer.of("smtps://ana%40x:p%3Aw%2F@mail.example:587")
    assert secured == MailServer("mail.example", 587, tls=True, user="ana@x", password="p:w/")
    assert "p:w/" not in repr(secured)
    assert MailServer.of("smtps://mail.example").port == 465


@pytest.mark.parametrize("sender", ["Central", "a@b", "a@b.example, c@d.example", "A <a@b.example>\nBcc: c@d.example"])
def test_mails_come_from_one_address(sender):
    with pytest.raises(ValidationError, match=r"has to be an address such as appointments@hospital\.example"):
        chosen(**MAIL | {"mail_from": sender})


def test_a_sender_may_have_a_name():
    assert Sender.of("Central Hospital <a@b.example>") == Sender("Central Hospital", "a@b.example")
    assert Sender.of("a@bücher.example").domain == "xn--bcher-kva.example"


def test_secrets_are_shown_nowhere():
    told = repr(chosen(**WEBHOOK, **MAIL | {"smtp_url": "smtp://ana:hidden@host"}))
    assert "QUJD" not in told
    assert "hidden" not in told


OIDC = {"oidc_issuer": "https://accounts.hospital.example/realms/main", "oidc_client_id": "slotwise"}


def test_people_sign_in_with_passwords_only_unless_a_provider_is_set():
    unset = chosen(oidc_issuer="", oidc_client_id="", oidc_client_secret="")
    assert (unset.oidc_issuer, unset.oidc_client_id, unset.oidc_client_secret) == (None, None, None)
    assert chosen(**OIDC).oidc_issuer == OIDC["oidc_issuer"]
    with pytest.raises(ValidationError, match="oidc_issuer is set without oidc_client_id"):
        chosen(oidc_issuer=OIDC["oidc_issuer"])
    with pytest.raises(ValidationError, match="oidc_client_id is set without oidc_issuer"):
        chosen(oidc_client_id="slotwise")


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:9400", "http://localhost", "http://[::1]:9400"])
def test_a_provider_of_this_machine_needs_no_encryption(issuer):
    assert chosen(**OIDC | {"oidc_issuer": issuer}).oidc_issuer == issuer


@pytest.mark.parametrize(
    "issuer",
    [
        "http://accounts.hospital.example",
        "http://127.0.0.1.hospital.example",
        "accounts.hospital.example",
        "https://",
        "https://a?b",
        "https://a#b",
        "https://user@a",
        "https://a:x",
        "https://a b",
        "file:///etc/passwd",
    ],
)
def test_a_provider_to_which_secrets_would_go_in_the_open_is_refused(issuer):
    with pytest.raises(ValidationError, match=r"written like https://accounts\.hospital\.example"):
        chosen(**OIDC | {"oidc_issuer": issuer})
