"""Which token a command shows: the one of the instance that it finds by its folder, or the one in its environment."""

from models.access.scopes import Scope
from models.access.tokens import make_token
from tests.api.town import Town


def test_an_api_elsewhere_is_shown_the_token_of_the_environment(slotwise, served, town: Town, with_token) -> None:
    asked = ("reschedule", "list", "--api", served.address)
    assert slotwise(*asked, env=with_token).code == 0
    alone = slotwise(*asked)
    assert (alone.code, alone.out) == (3, "")
    assert "wants an access token" in alone.err
    stranger = slotwise(*asked, env={"SLOTWISE_TOKEN": "slw_stranger"})
    assert stranger.code == 3
    assert "does not know this access token" in stranger.err
    assert "stranger" not in stranger.err


def test_what_is_no_token_is_not_repeated(slotwise, served, town: Town) -> None:
    for token in ("slw_one two", "slw_jürgen", "slw_\x07"):
        done = slotwise("reschedule", "list", "--api", served.address, env={"SLOTWISE_TOKEN": token})
        assert (done.code, "holds no access token" in done.err) == (3, True), token
        assert token not in done.err


def test_a_token_that_may_not_do_it_is_told_so(slotwise, served, town: Town, session, folder) -> None:
    with session() as open_session:
        _, reads = make_token(open_session, "reads", {Scope.SCHEDULE_READ})
    done = slotwise("book", "requests.csv", "--api", served.address, env={"SLOTWISE_TOKEN": reads})
    assert done.code == 1
    assert "You may not queue, cancel and settle booking requests." in done.err
    assert "slotwise token add" in done.err
