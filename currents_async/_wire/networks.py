"""Networks that addresses belong to: public, private or neither."""

import socket
from contextlib import suppress
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network


class Network(Enum):
    """Where an address leads to."""

    PUBLIC = "public"
    PRIVATE = "private"
    LOOPBACK = "loopback"
    RESERVED = "reserved"
    """No place for an asset: link-local with the metadata of clouds, multicast, and the rest."""


_PRIVATE = tuple(
    map(
        ip_network,
        (
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "100.64.0.0/10",
            "fc00::/7",
            "fec0::/10",
        ),
    )
)
_METADATA = ip_address("fd00:ec2::254")
"""Amazon's, within a private network."""
_NAT64 = ip_network("64:ff9b::/96")
_COMPATIBLE = ip_network("::/96")


def network_of(address: str) -> Network:
    """Return the network of an IP address, or of the one that it wraps."""
    ip = _unwrapped(ip_address(address.partition("%")[0]))
    if ip.is_loopback or ip.is_unspecified:
        return Network.LOOPBACK
    if ip != _METADATA and any(ip in network for network in _PRIVATE):
        return Network.PRIVATE
    is_public = ip.is_global and not (ip.is_multicast or ip.is_reserved)
    return Network.PUBLIC if is_public else Network.RESERVED


def literal_address(host: str) -> str | None:
    """Return the address of a host that needs no lookup, or None for a name.

    In any spelling that a resolver accepts: `2130706433`, `0x7f.1` and `0177.0.0.1` are loopback.
    """
    host = host.rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return "127.0.0.1"
    with suppress(ValueError):
        return str(ip_address(host.partition("%")[0]))
    with suppress(OSError):
        return socket.inet_ntoa(socket.inet_aton(host))
    return None


def _unwrapped(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 one leads to, if it does."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip in _NAT64 or (ip in _COMPATIBLE and int(ip) > 1):  # `::` and `::1` are themselves
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else ip)
