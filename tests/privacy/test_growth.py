"""No table grows without an end that somebody has thought of."""

import re

from models.settings import Settings
from models.tables import Base
from tests.privacy import growth


def test_every_table_has_an_end_and_only_one():
    named = [table for kept in growth.KEPT for table in kept.tables]
    assert sorted(named) == sorted(Base.metadata.tables)
    assert growth.BYTES.keys() <= set(named)


def test_the_settings_that_bound_them_are_settings_and_all_of_them():
    named = {each.lower() for kept in growth.KEPT for each in re.findall(r"`(\w+_KEPT_DAYS)`", kept.until)}
    assert named == {each for each in Settings.model_fields if each.endswith("_kept_days")}


def test_the_document_shows_it():
    assert growth.shown() == growth.as_markdown()
