"""The classes of user agents and of addresses."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from storefront_api.collect.agents import agent_of
from storefront_api.collect.networks import RANGES, Networks

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
OURS = Networks.read("")


@pytest.mark.parametrize(
    ("user_agent", "agent"),
    [
        (f"{CHROME}Chrome/130.0.0.0 Safari/537.36", "browser"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", "browser"),
        (
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "declared_bot",
        ),
        ("Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)", "declared_bot"),
        (f"{CHROME}HeadlessChrome/130.0.0.0 Safari/537.36", "headless"),
        ("python-requests/2.32.3", "library"),
        ("python-httpx/0.28.1", "library"),
        ("curl/8.5.0", "library"),
        ("", "empty"),
        ("  ", "empty"),
        ("EcoMarket/3.1 (iOS 18)", "other"),
        ("Mozilla/5.0 " + "x" * 100_000 + " Googlebot/2.1", "browser"),
    ],
)
def test_a_user_agent_is_of_a_class(user_agent: str, agent: str) -> None:
    assert agent_of(user_agent) == agent


@pytest.mark.parametrize("line", RANGES.read_text("utf-8").splitlines()[4::500])
def test_the_ends_of_a_range_are_in_it(line: str) -> None:
    network = ip_network(line)
    for address in (network.network_address, network.broadcast_address):
        assert OURS.of(str(address)) == "data_centre"


def test_the_ranges_say_where_they_are_from() -> None:
    head = RANGES.read_text("utf-8").splitlines()[1:4]
    assert [line.split(":")[0] for line in head] == ["# source", "# version", "# licence"]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.0", "data_centre"),
        ("192.0.2.255", "data_centre"),
        ("::ffff:192.0.2.7", "data_centre"),
        ("2001:db8::1", "data_centre"),
        ("192.0.1.255", "other"),
        ("192.0.3.0", "other"),
        ("2001:db9::", "other"),
        ("0.0.0.0", "other"),
        ("", ""),
        ("unix:", ""),
    ],
)
def test_an_address_is_of_a_class(address: str, network: str) -> None:
    assert Networks(["# a", "", "192.0.2.0/24", "2001:db8::/32"]).of(address) == network


def test_a_line_that_is_no_network_is_named(tmp_path: Path) -> None:
    ranges = tmp_path / "ranges.txt"
    ranges.write_text("192.0.2.0/24\n192.0.2.1/24\n")
    with pytest.raises(ValueError, match="DATA_CENTRE_RANGES: line 2: 192.0.2.1/24 has host bits"):
        Networks.read(str(ranges))
    with pytest.raises(ValueError, match="DATA_CENTRE_RANGES: .*none.txt: No such file"):
        Networks.read(str(tmp_path / "none.txt"))
