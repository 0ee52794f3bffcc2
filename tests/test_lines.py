"""Those who wait for a place in front of libcurl: in order, by turns, and not beyond their time."""

import asyncio

import pycurl
from transport_support import failure, get

import omneo
from omneo.curl_handle import Trust
from omneo.errors import Landed
from omneo.fast_reads import CurlTransport
from omneo.transfers import Transfer


class OneByOne:
    """Transfers that end when they are told to."""

    def __init__(self) -> None:
        self.running: list[Transfer] = []

    def setopt(self, option: int, value: int) -> None:
        pass

    def begin(self, curl: pycurl.Curl, transfer: Transfer) -> None:
        self.running.append(transfer)

    def break_off(self, curl: pycurl.Curl) -> None:
        pass

    async def aclose(self) -> None:
        pass


async def test_a_place_given_to_one_who_leaves_goes_to_the_next() -> None:
    """Cancelled in the very moment its turn came, and was sent already."""
    transport = CurlTransport(1, Trust(), transfers := OneByOne(), transfers)
    first, second, third = [asyncio.create_task(get(transport, f"http://gateway/{number}")) for number in range(3)]
    await asyncio.sleep(0)
    assert len(transfers.running) == 1
    transfers.running[0].end(None)
    assert len(transfers.running) == 2
    second.cancel()
    await first
    await asyncio.sleep(0.01)
    assert second.cancelled()
    assert len(transfers.running) == 3
    transfers.running[2].end(None)
    await third


async def test_one_who_leaves_the_line_is_never_sent() -> None:
    transport = CurlTransport(1, Trust(), transfers := OneByOne(), transfers)
    first, second, third = [asyncio.create_task(get(transport, f"http://gateway/{number}")) for number in range(3)]
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0)
    transfers.running[0].end(None)
    transfers.running[1].end(None)
    await first
    await third
    assert second.cancelled()
    assert len(transfers.running) == 2


async def test_one_that_comes_alone_does_not_wait_for_the_many() -> None:
    """They are served by turns, so the many do not wait for ever either."""
    transport, order = CurlTransport(1, Trust(), transfers := OneByOne(), transfers), list[str]()

    def begin(name: str, *, is_of_many: bool) -> None:
        request = omneo.Request("GET", "http://gateway/x", {}, None, 5.0)
        transport.begin(request, lambda _: order.append(name), lambda _: order.append("failed"), is_of_many=is_of_many)

    for number in range(5):
        begin(f"many {number}", is_of_many=True)
    for number in range(3):
        begin(f"alone {number}", is_of_many=False)
    for place in range(8):
        transfers.running[place].end(None)
    assert order == ["many 0", "alone 0", "many 1", "alone 1", "many 2", "alone 2", "many 3", "many 4"]
    await transport.aclose()


async def test_whoever_waits_in_line_too_long_was_not_sent() -> None:
    """And leaves its place to those behind it."""
    transport = CurlTransport(1, Trust(), transfers := OneByOne(), transfers)
    first = asyncio.create_task(get(transport, "http://gateway/x"))
    await asyncio.sleep(0)
    third = asyncio.create_task(get(transport, "http://gateway/x"))
    late = await failure(transport, "http://gateway/x", 0.05)
    assert late == (omneo.TimedOut, Landed.NO, "no free connection in time")
    transfers.running[0].end(None)
    await first
    transfers.running[1].end(None)
    await third
    fourth = asyncio.create_task(get(transport, "http://gateway/x"))
    await asyncio.sleep(0)
    transfers.running[2].end(None)
    await fourth


async def test_whoever_is_late_in_line_is_not_sent_any_more() -> None:
    """Though its place comes before anyone has looked along the line."""
    transport = CurlTransport(1, Trust(), transfers := OneByOne(), transfers)
    first = asyncio.create_task(get(transport, "http://gateway/x"))
    await asyncio.sleep(0)
    late = asyncio.create_task(failure(transport, "http://gateway/x", 0.005))
    await asyncio.sleep(0.01)
    transfers.running[0].end(None)
    await first
    assert await late == (omneo.TimedOut, Landed.NO, "no free connection in time")
    assert len(transfers.running) == 1
    await transport.aclose()
