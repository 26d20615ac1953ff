"""The workers' application with a kombu that forgets to listen."""

from kombu.transport.redis import MultiChannelPoller

from tests.concurrency.keen import app

__all__ = ["app"]

MultiChannelPoller._register_BRPOP = lambda *_: None
