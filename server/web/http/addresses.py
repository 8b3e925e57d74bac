"""Internet addresses: counted by network, hashed with a key that lives a day, never stored."""

from __future__ import annotations

import hashlib
import hmac
from datetime import date
from ipaddress import IPv6Address, ip_address

_DIGEST_CHARACTERS = 32
_IPV6_PREFIX_BITS = 64


def network_of(address: str | None) -> str:
    """Return what stands for one subscriber: an IPv4 address, or the /64 of an IPv6 one.

    An IPv6 subscriber has 2^64 addresses and may use a new one for each request. What is no
    address, as where a server listens on a socket's path, is itself; none is the empty string.

    >>> network_of("2001:db8:0:1::5"), network_of("::ffff:192.0.2.1"), network_of("192.0.2.1")
    ('2001:db8:0:1::/64', '192.0.2.1', '192.0.2.1')
    """
    try:
        parsed = ip_address((address or "").partition("%")[0])
    except ValueError:
        return address or ""
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    host_bits = 128 - _IPV6_PREFIX_BITS
    return f"{IPv6Address(int(parsed) >> host_bits << host_bits)}/{_IPV6_PREFIX_BITS}"


def hash_of_day(network: str, day: date, secret: str) -> str:
    """Return a network's keyed hash for one day: HMAC-SHA256 with a key made of secret and day."""
    key = hmac.digest(secret.encode(), f"addresses of {day.isoformat()}".encode(), "sha256")
    return hmac.new(key, network.encode(), hashlib.sha256).hexdigest()[:_DIGEST_CHARACTERS]
