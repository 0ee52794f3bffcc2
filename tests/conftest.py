"""Fixtures every test may ask for."""

from collections.abc import AsyncIterator

import httpx
import pytest
from endpoint import Log, endpoint_over
from house import House, open_house

from serving.graphql import GraphQLEndpoint


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """A gateway over a sandbox whose list filters in doubt are ignored."""
    async with open_house() as opened:
        yield opened


@pytest.fixture
def log() -> Log:
    """What the resolvers behind the handler did, and who asked."""
    return Log()


@pytest.fixture
def endpoint(log: Log) -> GraphQLEndpoint:
    """The /graphql handler before a small schema of its own."""
    return endpoint_over(log)


@pytest.fixture
async def client(endpoint: GraphQLEndpoint) -> AsyncIterator[httpx.AsyncClient]:
    """A client of that handler."""
    transport = httpx.ASGITransport(endpoint)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client
