"""Which network an address leads to, however it is spelled or wrapped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async._wire.networks import Network, literal_address, network_of

ADDRESSES = {
    Network.PUBLIC: [
        "8.8.8.8",
        "172.15.255.255",
        "172.32.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "2606:4700::1111",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "2002:808:808::1",
    ],
    Network.LOOPBACK: [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",  # noqa: S104 - to Linux it is this machine
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
    Network.PRIVATE: [
        "10.0.0.0",
        "10.255.255.255",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "fc00::1",
        "fdff::1",
        "fec0::1",
        "::ffff:10.1.2.3",
        "::192.168.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        # Teredo, of which the last 32 bits are the client's address inverted: 192.168.1.1.
        "2001:0:4136:e378:8000:63bf:3f57:fefe",
    ],
    Network.RESERVED: [
        "169.254.169.254",
        "169.254.0.1",
        "::ffff:169.254.169.254",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "64:ff9b:1::1",
        "0.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "ff02::1",
        "240.0.0.1",
        "255.255.255.255",
        "2001:db8::1",
    ],
}


@pytest.mark.parametrize(
    ("address", "network"),
    [(address, network) for network, addresses in ADDRESSES.items() for address in addresses],
)
def test_the_network_of_an_address(address: str, network: Network) -> None:
    assert network_of(address) is network


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0X7F.1", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("10.1.258", "10.1.1.2"),
        ("0", "0.0.0.0"),  # noqa: S104 - an address to be refused
        ("::1", "::1"),
        ("::ffff:10.0.0.1", "::ffff:a00:1"),
        ("fe80::1%eth0", "fe80::1"),
        ("localhost", "127.0.0.1"),
        ("LOCALHOST.", "127.0.0.1"),
        ("app.localhost", "127.0.0.1"),
        ("example.com", None),
        ("localhost.example.com", None),
        ("notlocalhost", None),
        ("10.0.0.1.example.com", None),
        ("0x7f", "0.0.0.127"),
        ("0x7g", None),
        ("", None),
    ],
)
def test_hosts_that_are_addresses(host: str, address: str | None) -> None:
    found = literal_address(host)
    assert (found and network_of(found)) == (address and network_of(address))
    assert (found is None) is (address is None)


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126)))
def test_any_host_is_an_address_or_a_name(host: str) -> None:
    address = literal_address(host)
    assert address is None or network_of(address) in Network


@given(st.ip_addresses(v=4))
def test_an_address_leads_where_it_leads_when_it_is_wrapped(address: object) -> None:
    assert network_of(f"::ffff:{address}") is network_of(str(address))
