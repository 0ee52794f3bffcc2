"""Equal reads in flight under one credential are one call; nothing is joined across credentials, or across a write."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from house import House

import omneo
from omneo.decoding import decode

ROOT = Path(__file__).parent.parent
BENEFITS = '{ profile(id: "ID") { id benefits { totalCount } } }'
SLOW = {"method": "GET", "path": "*", "action": "delay", "ms": 150}


async def together(house: House, *asked: tuple[str, str]) -> list[dict[str, Any]]:
    return list(await asyncio.gather(*(house.ask(query, token=token) for query, token in asked)))


async def test_equal_reads_of_two_requests_are_one_call(house: House) -> None:
    """The second request waits for the first's answer, is told so, and pays for nothing."""
    [profile] = await house.profile_ids(1)
    query = BENEFITS.replace("ID", profile)
    await house.faults(SLOW)
    first, second = await together(house, (query, "sandbox-service-key"), (query, "sandbox-service-key"))
    assert first["data"] == second["data"]
    assert len(await house.calls()) == 2
    assert sorted(each["extensions"]["upstream"]["cached"] for each in (first, second)) == [0, 2]


async def test_members_never_share(house: House) -> None:
    """The same words under two credentials are two reads, though their paths are alike."""
    one, two = await house.profile_ids(2)
    tokens = [await house.member(one), await house.member(two)]
    await house.calls()
    await house.faults(SLOW)
    first, second = await together(house, *(("{ me { id } }", token) for token in tokens))
    assert [first["data"]["me"]["id"], second["data"]["me"]["id"]] == [one, two]
    assert len(await house.calls()) == 2


@pytest.mark.parametrize("status", [404, 422])
async def test_error_is_not_shared(house: House, status: int) -> None:
    """What fails is each request's own: the second asks for itself."""
    [profile] = await house.profile_ids(1)
    await house.faults(
        {**SLOW, "times": 1}, {"method": "GET", "path": "*", "action": "status", "status": status, "times": 1}
    )
    query = f'{{ profile(id: "{profile}") {{ id }} }}'
    answers = await together(house, (query, "sandbox-service-key"), (query, "sandbox-service-key"))
    assert {(answer.get("data") or {}).get("profile") is None for answer in answers} <= {True, False}
    assert any((answer.get("data") or {}).get("profile") for answer in answers)


async def test_read_after_a_write_does_not_join_one_from_before(house: House) -> None:
    """A read that took off before a write tells nothing to who asks after it."""
    [profile] = await house.profile_ids(1)
    query = BENEFITS.replace("ID", profile)
    before = (await house.data(query))["profile"]["benefits"]["totalCount"]
    await house.faults({**SLOW, "times": 2})
    early = asyncio.create_task(house.ask(query))
    await asyncio.sleep(0.05)
    mutation = (
        f'mutation {{ assignBenefit(input: {{profileId: "{profile}", definition: {{id: "1"}}, idempotencyKey: "k"}})'
        " { __typename } }"
    )
    assert (await house.data(mutation))["assignBenefit"]["__typename"] == "BenefitAssigned"
    assert (await house.data(query))["profile"]["benefits"]["totalCount"] == before + 1
    await early


async def test_joined_answer_is_decoded_once_for_each_way_of_reading_it() -> None:
    """Records never change, so whoever reads the same of one answer may have the same records."""
    answer = omneo.Answer(200, b'{"data": {"id": "1", "name": "n", "handle": "h"}}')
    first = decode(answer, omneo.EmbeddedBenefitDefinition)
    assert decode(answer, omneo.EmbeddedBenefitDefinition) is first
    [(_, less)] = omneo.reduced(((omneo.EmbeddedBenefitDefinition, frozenset({"name"}), False),)).items()
    reduced: Any = less
    assert decode(answer, reduced).name == "n"
    with pytest.raises(AttributeError):
        first.name = "another"  # type: ignore[misc]  # that it cannot be done is the point


def joined(flights: omneo.Flights) -> bool:
    """Ask for the same as whoever took off; tell whether that read was joined."""
    return flights.join((b"", "/x"), 10.0, lambda _answer: None) is None


async def test_a_write_of_another_worker_is_seen() -> None:
    """Forked, they share nothing but the board: what took off before a write of one is not joined in the other."""
    board = omneo.Board()
    here, there = omneo.Flights(board), omneo.Flights(board)
    assert not joined(here)
    assert joined(here)
    era = here.era
    there.part()
    assert here.era != era
    assert not joined(here)
    assert joined(here)
    here.part()
    assert there.era > 1
    assert not joined(here)


def test_what_a_forked_worker_changes_is_seen() -> None:
    """By who forked it as by itself, and names do not share what they say."""
    code = """
import os
from omneo import Board
board = Board()
before, other = board.word("a"), board.word("b")
if os.fork() == 0:
    board.change("a")
    os._exit(0)
os.wait()
assert board.word("a") != before and board.word("b") == other
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=30)  # noqa: S603 — our own code


async def test_where_others_write_elsewhere_nothing_that_was_sent_is_joined() -> None:
    """Until this turn ends a read is as fresh as any; of what is written at another host later nobody tells."""
    flights = omneo.Flights(is_only_host=False)
    assert not joined(flights)
    assert joined(flights)
    era = flights.era
    await asyncio.sleep(0)
    assert flights.era != era
    assert not joined(flights)
    await asyncio.sleep(0)
    assert not joined(flights)
