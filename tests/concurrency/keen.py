"""The workers' application, with a short patience with workers that hear nothing."""

from workers import hearing
from workers.app import app

__all__ = ["app"]

hearing.DEAF_AFTER = 6.0
