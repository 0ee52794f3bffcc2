"""Fixtures every test may ask for."""

from collections.abc import AsyncIterator

import pytest
from house import House, open_house


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """A gateway over a sandbox whose list filters in doubt are ignored."""
    async with open_house() as opened:
        yield opened
