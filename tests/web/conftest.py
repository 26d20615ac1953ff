"""The pages as a browser asks for them, without one: the server, the town and the callers of `tests/api`."""

from tests.api.conftest import (  # noqa: F401  # fixtures
    api,
    broken_bell,
    database_url,
    served,
    session,
    town,
    town_template,
)
