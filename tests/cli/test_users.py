"""`slotwise user`: who it lets in can sign in, where they were put, and nobody else."""

import datetime as dt

import httpx
import pytest
from sqlalchemy import select, text, update

from api.access.gate import COOKIE
from models.access import accounts
from models.access.callers import signed_in
from models.access.sign_ins import Browser, begin
from models.access.tables import OneTimeCode, SignInMethod, UserHospital
from models.hospitals import Hospital
from models.people import Role, User

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def user(slotwise, town, service_environment):
    """Runs `slotwise user` on the town's database."""

    def run(*args: object):
        return slotwise("user", *args, env=service_environment)

    return run


@pytest.fixture
def come_in(api, town):
    """Signs somebody in on the page; returns what their cookie is worth, None where they are not let in."""

    def try_it(name: str, code: str) -> str | None:
        with httpx.Client(base_url=api.base_url) as browser:
            answer = browser.post("/app/sign-in", data={"name": name, "password": code})
            return answer.cookies.get(COOKIE) if answer.status_code == 303 else None

    return try_it


def who_is(session, secret):
    with session() as opened:
        return signed_in(opened, secret, dt.datetime.now(dt.UTC), HOUR, active=False)


def the_user(session, external_id):
    with session() as opened:
        return opened.scalars(select(User).where(User.external_id == external_id)).one()


def acts_at(session, external_id):
    with session() as opened:
        rows = select(Hospital.external_id).join(UserHospital).join(User).where(User.external_id == external_id)
        return set(opened.scalars(rows))


def test_the_first_admin_signs_in_with_a_code_and_has_to_choose_a_password(user, session, come_in):
    done = user("add", "eva", "--name", "Eva Reis", "--admin", "--json")
    assert done.code == 0, done.err
    assert done.json["sign_in"].endswith("/app/sign-in")
    secret = come_in("eva", done.json["code"])
    caller = who_is(session, secret)
    assert (caller.role, caller.hospitals, caller.must_set_password) == (Role.ADMIN, None, True)
    assert come_in("eva", done.json["code"]) is None, "it counts once"


def test_a_person_is_told_the_name_the_code_and_how_long_it_counts(user):
    done = user("add", "eva", "--name", "Eva Reis", "--role", "admin")
    assert done.code == 0, done.err
    assert "Eva Reis (eva) is added as admin." in done.out
    page, name, code = (line.split()[1] for line in done.out.splitlines()[1:])
    assert page.endswith("/app/sign-in")
    assert (name, len(code)) == ("eva", 14)
    assert "counts once" in done.err


def test_staff_are_put_at_hospitals_and_stay_there_until_it_is_said(user, session):
    assert user("add", "rui", "--name", "Rui", "--role", "staff", "--hospital", "central").code == 0
    assert acts_at(session, "rui") == {"central"}
    renamed = user("add", "rui", "--name", "Rui Costa", "--no-code")
    assert (renamed.code, renamed.out) == (0, "Rui Costa (rui) is brought up to date as staff.\n")
    assert acts_at(session, "rui") == {"central"}
    assert user("hospitals", "rui", "--none").code == 0
    assert acts_at(session, "rui") == set()
    done = user("hospitals", "rui", "central")
    assert (done.code, done.out) == (0, "Rui Costa acts at central.\n")
    assert acts_at(session, "rui") == {"central"}


def test_a_doctor_of_the_directory_gets_a_code_and_stays_what_they_are(user, session, come_in):
    done = user("add", "d1", "--json")
    assert done.code == 0, done.err
    caller = who_is(session, come_in("d1", done.json["code"]))
    assert caller.role is Role.DOCTOR
    with session() as opened:
        specialties = text("SELECT specialty FROM doctor_specialty s JOIN app_user u ON u.id = s.doctor_id")
        assert "cardiology" in opened.scalars(specialties).all()


def test_staff_who_become_admins_act_everywhere(user, session):
    assert user("add", "rui", "--name", "Rui", "--role", "staff", "--hospital", "central").code == 0
    assert user("add", "rui", "--admin").code == 0
    assert the_user(session, "rui").role is Role.ADMIN
    assert acts_at(session, "rui") == set()


def test_everything_that_will_not_do_is_told_and_nothing_is_written(user, session):
    new = user("add", "rui", "--hospital", "central")
    assert new.code == 2
    assert "--name" in new.err
    assert "--role" in new.err
    nowhere = user("add", "rui", "--name", "Rui", "--role", "staff", "--hospital", "nowhere", "--json")
    assert nowhere.code == 1
    assert [(fault["where"], fault["value"]) for fault in nowhere.json["faults"]] == [("--hospital", "nowhere")]
    doctor = user("add", "d1", "--role", "staff")
    assert doctor.code == 1
    assert "has availabilities" in doctor.err
    assert user("add", "rui", "--name", "Rui", "--admin", "--role", "staff").code == 2
    assert user("add", "rui", "--name", "Rui", "--role", "service").code == 2
    assert user("add", "rui", "--name", "Rui", "--admin", "--hospital", "central").code == 2
    assert user("hospitals", "d1", "central").code == 2
    assert user("hospitals", "d1").code == 2
    for command in ("code", "sign-out"):
        unknown = user(command, "rui")
        assert (unknown.code, "There is no user 'rui'" in unknown.err) == (1, True)
    with session() as opened:
        assert opened.scalars(select(OneTimeCode)).all() == []
        assert "rui" not in opened.scalars(select(User.external_id)).all()


def test_who_is_active_no_more_gets_no_code(user, session):
    with session() as opened:
        opened.execute(update(User).where(User.external_id == "d2").values(active=False))
    done = user("code", "d2")
    assert (done.code, "active no more" in done.err) == (1, True)


def test_a_new_code_takes_the_place_of_the_one_before(user, come_in):
    first = user("add", "eva", "--name", "Eva", "--admin", "--json").json["code"]
    second = user("code", "eva", "--json").json["code"]
    assert come_in("eva", first) is None
    assert come_in("eva", second)


def test_signing_somebody_out_ends_every_browser_and_their_code(user, session, come_in):
    code = user("add", "eva", "--name", "Eva", "--admin", "--json").json["code"]
    later = dt.datetime.now(dt.UTC) + HOUR
    with session() as opened:
        secrets = [begin(opened, the_user(session, "eva").id, SignInMethod.OIDC, later) for _ in range(2)]
    assert all(who_is(session, each) for each in secrets)
    done = user("sign-out", "eva")
    assert (done.code, done.out) == (0, "Eva: 2 sign-ins ended.\n")
    assert not any(who_is(session, each) for each in secrets)
    assert come_in("eva", code) is None


def test_the_list_tells_how_people_sign_in_where_they_act_and_when_they_were_seen(user, session):
    user("add", "rui", "--name", "Rui", "--role", "staff", "--hospital", "central")
    code = user("add", "eva", "--name", "Eva", "--admin", "--json").json["code"]
    now, browser = dt.datetime.now(dt.UTC), Browser("127.0.0.1", None, None)
    assert accounts.sign_in("eva", code, browser, now, HOUR)
    assert accounts.set_password(the_user(session, "eva").id, None, "correct horse battery staple", browser, now, HOUR)
    told = {each["external_id"]: each for each in user("list", "--json").json}
    assert told["rui"]["ways"] == ["code"]
    assert told["rui"]["hospitals"] == ["central"]
    assert (told["rui"]["sign_ins"], told["rui"]["last_seen"]) == (0, None)
    assert (told["eva"]["ways"], told["eva"]["sign_ins"]) == (["password"], 1)
    assert told["eva"]["last_seen"]
    assert told["d1"]["ways"] == []
    admins = user("list", "--role", "admin").out
    assert "everywhere" in admins
    assert "Rui" not in admins
    shown = user("list").out
    assert "nothing yet" in shown
    assert "where they are available" in shown
