"""Whether an address is a data centre's: ranges as data, one network a line."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network
from pathlib import Path

from storefront_api.events.clickstream import Network

RANGES = Path(__file__).with_name("data_centres.txt")
"""The ranges that the store comes with; the file's head says where they are from."""
_Edges = tuple[list[int], list[int]]


class Networks:
    """Ranges of data centres.

    Parameters
    ----------
    lines
        A network in CIDR notation each; empty lines and what begins with ``#`` are passed over.

    Raises
    ------
    ValueError
        If a line is none; the message names it.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        fours: list[IPv4Network] = []
        sixes: list[IPv6Network] = []
        for number, line in enumerate(lines, start=1):
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            try:
                network = ip_network(text)
            except ValueError as error:
                raise ValueError(f"DATA_CENTRE_RANGES: line {number}: {error}") from None
            if isinstance(network, IPv4Network):
                fours.append(network)
            else:
                sixes.append(network)
        self._edges = {
            4: _edges([*collapse_addresses(fours)]),
            6: _edges([*collapse_addresses(sixes)]),
        }

    @classmethod
    def read(cls, path: str) -> Networks:
        """Return the ranges of a file; an empty path stands for those that the store comes with.

        Raises
        ------
        ValueError
            If there is no such file, or a line of it is no network.
        """
        try:
            return cls(Path(path or RANGES).read_text("utf-8").splitlines())
        except OSError as error:
            raise ValueError(f"DATA_CENTRE_RANGES: {path}: {error.strerror}") from None

    def of(self, address: str) -> Network:
        """Return the class of an address; empty if none is known."""
        if not address:
            return ""
        try:
            told = ip_address(address)
        except ValueError:
            return ""
        mapped = getattr(told, "ipv4_mapped", None)
        told = mapped or told
        firsts, lasts = self._edges[told.version]
        place = bisect_right(firsts, int(told)) - 1
        return "data_centre" if place >= 0 and int(told) <= lasts[place] else "other"


def _edges(networks: Iterable[IPv4Network | IPv6Network]) -> _Edges:
    kept = list(networks)
    return [int(n.network_address) for n in kept], [int(n.broadcast_address) for n in kept]
