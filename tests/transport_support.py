"""Transports by their names, and one read over each."""

import pytest

import omneo
from omneo.curl_handle import Trust
from omneo.errors import Landed
from omneo.fast_reads import CurlTransport
from omneo.transfers import PortableTransfers
from omneo.transport import HttpxTransport


def open_transport(name: str, in_flight: int = 8) -> omneo.Transport:
    if name == "httpx":
        return HttpxTransport(omneo.open_http(connections=in_flight), in_flight=in_flight)
    if name == "curl off Linux":
        return CurlTransport(in_flight, Trust(), PortableTransfers(), PortableTransfers())
    return omneo.open_reads(connections=in_flight)


async def get(transport: omneo.Transport, url: str, timeout_s: float = 5.0) -> omneo.Answer:
    headers = {"authorization": "Bearer one", "accept": "application/json", "user-agent": "us"}
    return await transport.send(omneo.Request("GET", url, headers, None, timeout_s))


async def failure(transport: omneo.Transport, url: str, timeout_s: float = 5.0) -> tuple[type, Landed, str]:
    with pytest.raises(omneo.OmneoError) as caught:
        await get(transport, url, timeout_s)
    return type(caught.value), caught.value.landed, caught.value.detail
