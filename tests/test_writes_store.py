"""The memory of writes away: nothing is sent without it, and reads go on."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from house import House, open_house
from redis.asyncio import Redis
from writes_support import needs_redis

from benchmarks.redis_server import redis_server

ASSIGN = """mutation($who: ID!) { assignBenefit(input: {profileId: $who, definition: {id: "1"}, idempotencyKey: "k"}) {
    __typename } }"""
READ = '{ benefitDefinition(by: {id: "1"}) { name } }'


async def refuses_writes_alone(house: House) -> None:
    """A write is an error to repeat, and nothing was sent; a read is answered."""
    (who,) = await house.profile_ids(1)
    answer = await house.ask(ASSIGN, who=who)
    (error,) = answer["errors"]
    assert (error["extensions"]["code"], error["extensions"]["retryable"]) == ("INTERNAL", True)
    assert not [call for call in await house.calls() if call.startswith("POST")]
    assert (await house.data(READ))["benefitDefinition"]["name"]


@needs_redis
async def test_redis_that_is_gone() -> None:
    """Redis went away while the gateway runs."""
    with redis_server() as url:
        async with open_house(REDIS_URL=url) as house:
            await house.data(READ)
            redis = Redis.from_url(url)
            await redis.shutdown(nosave=True)
            await redis.aclose()
            await refuses_writes_alone(house)


async def test_file_that_cannot_be_used(tmp_path: Path) -> None:
    """Somebody damaged the file; once it is whole again, the same request goes through."""
    state = tmp_path / "state.db"
    async with open_house(STATE_DB=str(state)) as house:
        hand = sqlite3.connect(state, isolation_level=None)
        hand.execute("ALTER TABLE intents RENAME TO elsewhere")
        await refuses_writes_alone(house)
        hand.execute("ALTER TABLE elsewhere RENAME TO intents")
        hand.close()
        (who,) = await house.profile_ids(1)
        assert (await house.data(ASSIGN, who=who))["assignBenefit"]["__typename"] == "BenefitAssigned"
