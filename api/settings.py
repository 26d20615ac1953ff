"""What an operator sets for the API alone (see `models.settings` for what every process shares)."""

from functools import cache

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ApiSettings(BaseSettings):
    """The API's own settings, with their defaults."""

    model_config = SettingsConfigDict(frozen=True)

    allowed_hosts: str = Field(
        "localhost,127.0.0.1,[::1]",
        description="Host names the API answers to, separated by commas; until access is controlled, only this machine",
    )
    max_body_bytes: int = Field(8 * 2**20, ge=1024, description="The longest request body")
    max_waiters: int = Field(64, ge=0, description="How many polls may be held open at once; others are answered now")

    @property
    def hosts(self) -> frozenset[str]:
        """The host names in lower case, without ports."""
        return frozenset(host.strip().lower() for host in self.allowed_hosts.split(",") if host.strip())


@cache
def api_settings() -> ApiSettings:
    """The settings of this process, read once."""
    return ApiSettings()
