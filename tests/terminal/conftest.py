"""For all tests of the family: none of the developer's own keys and proxies; and a provider on loopback, if asked."""

from wire_fixtures import client, own_environment, provider

__all__ = ["client", "own_environment", "provider"]
