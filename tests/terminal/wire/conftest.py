"""A provider on loopback, clients of it, and none of the developer's own keys and proxies."""

from wire_fixtures import client, own_environment, provider

__all__ = ["client", "own_environment", "provider"]
