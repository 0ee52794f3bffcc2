"""After a write everybody sees it: the same request, the same caller, and the other gateways of a shared Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from house import OMNEO, House
from writes_support import needs_redis, redis_url_fixture

import omneo
from config import Settings
from gateway import create_app
from sandbox.app import create_app as create_sandbox
from telemetry import Trace

__all__ = ["redis_url_fixture"]  # a fixture, found by its name in this module

READ = "query($id: ID!) { benefitDefinition(by: {id: $id}) { name totalGlobalCreated } }"
READ_BY_HANDLE = '{ benefitDefinition(by: {handle: "welcome-offer"}) { name totalGlobalCreated } }'
RENAME = """mutation($name: String!) { updateBenefitDefinition(input: {id: "1", name: $name, idempotencyKey: $name}) {
    __typename ... on BenefitDefinitionUpdated { definition { name } } } }"""
ASSIGN = """mutation($who: ID!, $key: String! = "k") {
    assignBenefit(input: {profileId: $who, definition: {id: "1"}, idempotencyKey: $key}) {
    ... on BenefitAssigned { benefit { definition { totalGlobalCreated } } } } }"""


@pytest.fixture(name="pair")
async def pair_fixture(redis_url: str) -> AsyncIterator[tuple[House, House]]:
    """Two gateways over one sandbox and one Redis."""
    sandbox = create_sandbox()
    environ = {
        "OMNEO_BASE_URL": OMNEO,
        "OMNEO_TOKEN": "sandbox-token",
        "GATEWAY_ENV": "development",
        "OMNEO_BATCH": "fanout",
        "REDIS_URL": redis_url,
    }
    async with (
        sandbox.router.lifespan_context(sandbox),
        httpx.AsyncClient(transport=httpx.ASGITransport(sandbox), base_url=OMNEO) as omneo,
    ):
        apps = [create_app(Settings.from_environ(environ), http=omneo) for _ in range(2)]
        async with apps[0].router.lifespan_context(apps[0]), apps[1].router.lifespan_context(apps[1]):
            clients = [httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") for app in apps]
            yield House(clients[0], omneo), House(clients[1], omneo)
            for client in clients:
                await client.aclose()


@needs_redis
async def test_other_gateways_see_a_changed_definition_at_once(pair: tuple[House, House]) -> None:
    """By its id and by its handle, in the very next request; what did not change is still remembered."""
    here, there = pair
    for query in (READ, READ_BY_HANDLE):
        for house in pair:
            await house.data(query, **({"id": "1"} if query is READ else {}))
    await there.data(READ, id="2")
    await here.data(RENAME, name="Renamed")
    await here.calls()
    assert (await there.data(READ, id="1"))["benefitDefinition"]["name"] == "Renamed"
    assert (await there.data(READ_BY_HANDLE))["benefitDefinition"]["name"] == "Renamed"
    assert (await here.data(READ, id="1"))["benefitDefinition"]["name"] == "Renamed"
    assert len(await here.calls()) == 3
    await there.data(READ, id="1")
    await there.data(READ, id="2")
    assert await here.calls() == []


@needs_redis
async def test_other_gateways_see_the_counters_a_write_moved(pair: tuple[House, House]) -> None:
    """An assignment changes its definition too."""
    here, there = pair
    before = (await there.data(READ, id="1"))["benefitDefinition"]["totalGlobalCreated"]
    who = (await here.profile_ids(1))[0]
    made = (await here.data(ASSIGN, who=who))["assignBenefit"]["benefit"]
    assert made["definition"]["totalGlobalCreated"] == before + 1
    assert (await there.data(READ, id="1"))["benefitDefinition"]["totalGlobalCreated"] == before + 1


@needs_redis
async def test_no_gateway_answers_with_what_was_read_before_a_write_at_another(pair: tuple[House, House]) -> None:
    """Neither a whole query nor a read under way is joined by who asks after the write; nor is it remembered."""
    here, there = pair
    who = (await here.profile_ids(1))[0]
    count = "query($who: ID!) { profile(id: $who) { benefits { totalCount } } }"
    before = (await there.data(count, who=who))["profile"]["benefits"]["totalCount"]
    await here.data(RENAME, name="First")  # so that the other has to read it
    held = {"method": "GET", "action": "delay", "ms": 400, "times": 1}
    await here.faults({**held, "path": "*/benefits"}, {**held, "path": "*/definitions/1"})
    early = [asyncio.create_task(there.data(count, who=who)), asyncio.create_task(there.data(READ, id="1"))]
    await asyncio.sleep(0.1)
    await here.data(ASSIGN, who=who, key="joined")
    await here.data(RENAME, name="Second")
    assert (await there.data(count, who=who))["profile"]["benefits"]["totalCount"] == before + 1
    assert (await there.data(READ, id="1"))["benefitDefinition"]["name"] == "Second"
    assert not any(each.done() for each in early)  # whoever had joined them would have waited as long
    await asyncio.gather(*early)


async def test_write_looks_up_what_it_names_once(house: House) -> None:
    """It needs what the retailer set, which no benefit changes: the next write asks for the definition no more. Who
    reads the counters reads them anew."""
    ids = await house.profile_ids(2)
    for who in ids:
        await house.data(ASSIGN.replace("totalGlobalCreated", "name"), who=who, key=who)
    assert await house.calls() == ["GET /api/v3/benefits/definitions/1", *["POST /api/v3/benefits"] * 2]
    await house.data(READ, id="1")
    await house.data(READ, id="1")
    assert await house.calls() == ["GET /api/v3/benefits/definitions/1"]


async def test_without_redis_nothing_is_asked_of_it(house: House) -> None:
    """One gateway remembers and forgets by itself."""
    await house.data(READ, id="1")
    await house.calls()
    await house.data(READ, id="1")
    assert await house.calls() == []
    assert (await house.data(RENAME, name="n"))["updateBenefitDefinition"]["definition"] == {"name": "n"}
    assert (await house.data(READ, id="1"))["benefitDefinition"]["name"] == "n"


async def test_redis_that_is_away_is_no_reason_to_show_old_copies(house: House) -> None:
    """Nobody can tell whether they are good, so Omneo is asked; a write does not fail for it."""
    upstream = omneo.Upstream(
        house.omneo, api_url=f"{OMNEO}/api/v3", id_url=f"{OMNEO}/id/api/v1", token="sandbox-token"
    )
    catalogue = omneo.Catalogue(omneo.SharedVersions.at("redis://127.0.0.1:9", "acme"))
    client = upstream.as_service(Trace.begin())
    for _ in range(2):
        definition = await catalogue.by_id(client, "1")
    await catalogue.forget(definition, settings=True)
    await catalogue.versions.aclose()
    assert await house.calls() == ["GET /api/v3/benefits/definitions/1"] * 2
