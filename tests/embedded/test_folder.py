"""Where the data of a checkout lasts."""

import os
from pathlib import Path

import pytest

from cli.embedded import EmbeddedServices, default_data_folder
from cli.embedded.errors import DataFolderUnusable


def test_the_data_lasts_beside_the_code_where_the_services_can_live_there(data_folder):
    assert default_data_folder(data_folder) == data_folder / ".data"


@pytest.mark.skipif(os.geteuid() != 0, reason="a plain user's services reach what the user reaches")
def test_root_keeps_the_data_of_a_checkout_that_the_services_cannot_reach_elsewhere(data_folder):
    closed, other = data_folder / "closed", data_folder / "other"
    closed.mkdir(mode=0o700)
    other.mkdir(mode=0o700)
    place = default_data_folder(closed)
    assert place.parent == Path("/var/lib/slotwise")
    assert default_data_folder(closed) == place
    assert default_data_folder(other) != place


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_checkout_of_somebody_else_is_not_written_into(data_folder):
    os.chown(data_folder, 1, 1)
    assert default_data_folder(data_folder).parent == Path("/var/lib/slotwise")


def test_a_folder_whose_restore_was_ended_between_is_not_begun_anew(data_folder):
    half = data_folder / "restoring" / "postgresql"
    half.mkdir(parents=True)
    with pytest.raises(DataFolderUnusable, match="Run it again"):
        EmbeddedServices(data_folder, environ={}, durable=False).__enter__()
    assert not (data_folder / "postgresql").exists()


def test_missing_folders_on_the_way_are_made_so_that_the_services_can_pass(data_folder):
    before = os.umask(0o077)
    try:
        with EmbeddedServices(data_folder / "some" / "where", environ={}, durable=False) as services:
            assert services.pid("postgresql")
    finally:
        os.umask(before)
