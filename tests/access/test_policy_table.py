"""What the documentation says of who may do what is what holds."""

from tests.access.policy_table import as_markdown, shown


def test_the_documented_policy_is_the_one_that_holds():
    assert shown() == as_markdown(), "run python -m tests.access.policy_table"
