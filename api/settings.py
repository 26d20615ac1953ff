"""What an operator sets for the API alone (see `models.settings` for what every process shares)."""

import ipaddress
from functools import cache

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


def listed(text: str) -> list[str]:
    """The items of a setting that holds several, separated by commas."""
    return [item.strip() for item in text.split(",") if item.strip()]


class ApiSettings(BaseSettings):
    """The API's own settings, with their defaults."""

    model_config = SettingsConfigDict(frozen=True)

    allowed_hosts: str = Field(
        "localhost,127.0.0.1,[::1]", description="Host names the API answers to, separated by commas"
    )
    trusted_proxies: str = Field(
        "",
        description="Addresses or networks of the proxies that encrypt and say whom they forward for, separated by"
        " commas",
    )
    max_body_bytes: int = Field(8 * 2**20, ge=1024, description="The longest request body")
    body_seconds: float = Field(60.0, gt=0, description="The longest that a request body may take to come")
    max_waiters: int = Field(64, ge=0, description="How many polls may be held open at once; others are answered now")
    max_in_flight: int = Field(50, ge=1, description="How many requests one process serves at once; more are put off")
    rate_limit_per_minute: int = Field(1200, ge=0, description="The most requests of one caller in a minute; 0: any")

    @field_validator("trusted_proxies")
    @classmethod
    def _are_addresses(cls, text: str) -> str:
        for item in listed(text):
            try:
                ipaddress.ip_network(item)
            except ValueError as error:
                raise ValueError(f"{item} is no address or network; write it like 10.0.0.7 or 10.0.0.0/28") from error
        return text

    @property
    def hosts(self) -> frozenset[str]:
        """The host names in lower case, without ports."""
        return frozenset(host.lower() for host in listed(self.allowed_hosts))

    @property
    def proxies(self) -> list[str]:
        """The addresses and networks of the proxies that are believed."""
        return listed(self.trusted_proxies)


@cache
def api_settings() -> ApiSettings:
    """The settings of this process, read once."""
    return ApiSettings()
