"""Many reads side by side: in order, each with its own answer or error, few at a time, none left behind."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

import omneo
from omneo.errors import Landed
from omneo.reading import FAN_OUT
from omneo.transport import Answer, Answered, Failed, Request
from telemetry import Trace


class Read:
    """One that has been begun, and what became of it."""

    def __init__(self, request: Request, answered: Answered, failed: Failed, *, is_of_many: bool) -> None:
        self.path = request.url.removeprefix("http://omneo")
        self.answered = answered
        self.failed = failed
        self.is_of_many = is_of_many
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True

    def answer(self, body: str = '{"data": "ok"}', status: int = 200, repeats: int = 0) -> None:
        self.answered(Answer(status, body.encode(), repeats=repeats))


class ByHand:
    """A transport whose reads end when they are told to."""

    def __init__(self) -> None:
        self.reads: list[Read] = []
        self.again: list[str] = []

    def begin(self, request: Request, answered: Answered, failed: Failed, *, is_of_many: bool = False) -> Read:
        self.reads.append(Read(request, answered, failed, is_of_many=is_of_many))
        return self.reads[-1]

    async def send(self, request: Request) -> Answer:
        self.again.append(request.url.removeprefix("http://omneo"))
        return Answer(200, b'{"data": "at last"}')

    async def aclose(self) -> None: ...


@pytest.fixture
async def upstream() -> AsyncIterator[omneo.Upstream]:
    async with httpx.AsyncClient() as http:
        yield omneo.Upstream(http, api_url="http://omneo", id_url="http://id", token="t", reads=ByHand())


def transport(upstream: omneo.Upstream) -> ByHand:
    assert isinstance(upstream.reads, ByHand)
    return upstream.reads


def ask(client: omneo.Client, count: int) -> "asyncio.Task[list[dict[str, str] | omneo.OmneoError]]":
    asked = client.get_each("/things/{thing}", dict[str, str], [({"thing": number}, ()) for number in range(count)])
    return asyncio.create_task(asked)


def joining(upstream: omneo.Upstream) -> list[omneo.Client]:
    """Open two clients of two requests that may join each other's reads."""
    clients = [upstream.as_service(Trace.begin()) for _ in range(2)]
    for client in clients:
        client.joins = True
    return clients


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_answers_and_errors_come_in_the_order_of_what_was_asked(upstream: omneo.Upstream) -> None:
    trace = Trace.begin()
    asked = ask(upstream.as_service(trace), 5)
    await turns()
    first, second, third, fourth, fifth = transport(upstream).reads
    fifth.answer('{"data": "five"}')
    third.failed(omneo.Invalid(landed=Landed.UNKNOWN, detail="answer too large"))
    first.answer('{"data": "one"}', repeats=1)
    second.answer("no JSON")
    fourth.answer("{}", status=404)
    one, two, three, four, five = await asked
    assert (one, five) == ({"data": "one"}, {"data": "five"})
    assert [type(each) for each in (two, three, four)] == [omneo.Invalid, omneo.Invalid, omneo.NotFound]
    assert trace.tally.made == len(trace.tally.calls_s) == 5
    assert trace.tally.routes == {"GET /things/{thing}": 5}
    assert trace.tally.retried == 1


async def test_an_odd_body_of_an_error_is_that_reads_own(upstream: omneo.Upstream) -> None:
    """A proxy's, say: brackets in brackets, deeper than any JSON reader goes."""
    asked = ask(upstream.as_service(Trace.begin()), 2)
    await turns()
    first, second = transport(upstream).reads
    first.answer('{"proxy": ' + "[" * 5000 + "]" * 5000 + "}", status=422)
    second.answer()
    refused, well = await asked
    assert isinstance(refused, omneo.Refused)
    assert well == {"data": "ok"}


async def test_a_bug_in_judging_an_answer_is_told(upstream: omneo.Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omneo.reading.error_of", lambda *_, **__: [][0])
    asked = asyncio.create_task(upstream.as_service(Trace.begin()).get("/thing", dict))
    await turns()
    transport(upstream).reads[0].answer(status=404)
    with pytest.raises(IndexError):
        await asked


async def test_further_pages_of_many_lists_are_reads_of_many(upstream: omneo.Upstream) -> None:
    """Few at a time, and in nobody's way."""
    trace = Trace.begin()
    trace.tally.budget = 100
    profiles = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(100)]
    window = omneo.Window(offset=0, first=4)
    client, reads = upstream.as_service(trace), transport(upstream).reads
    asked = asyncio.ensure_future(omneo.list_benefits_of_each(client, profiles, window))
    ended = 0
    while not asked.done():
        await turns()
        assert len(reads) - ended <= FAN_OUT
        for read in reads[ended:]:
            ended += 1
            number = int(read.path.rpartition("=")[2])
            is_failing = number == 2 and read.path.startswith(f"/profiles/{profiles[7]}")
            rows = [_benefit(profiles[int(read.path[10:18], 16)], 2 * number - each) for each in (1, 0)]
            meta = {"current_page": number, "per_page": 2, "total": 4}
            read.answer(json.dumps({"data": rows, "meta": meta}), status=404 if is_failing else 200)
    pages = await asked
    assert isinstance(pages.pop(7), omneo.NotFound)
    del profiles[7]
    assert all(isinstance(page, omneo.Page) for page in pages)
    found = [[(row.profile_id, row.id) for row in page.rows] for page in pages if isinstance(page, omneo.Page)]
    assert found == [[(profile, number) for number in (1, 2, 3, 4)] for profile in profiles]
    assert all(read.is_of_many for read in reads)
    assert (trace.tally.made, trace.tally.budget) == (200, 200)


def _benefit(profile_id: str, number: int) -> dict[str, object]:
    definition = {"id": 1, "name": "a", "handle": "a"}
    flags = {"is_expired": False, "is_redeemable": True}
    return {"id": number, "profile_id": profile_id, "definition": definition} | flags


async def test_nothing_is_asked_for_nothing(upstream: omneo.Upstream) -> None:
    assert await ask(upstream.as_service(Trace.begin()), 0) == []


async def test_few_are_begun_in_a_turn_and_few_are_under_way(upstream: omneo.Upstream) -> None:
    asked, reads = ask(upstream.as_service(Trace.begin()), 2 * FAN_OUT + 3), transport(upstream).reads
    await turns(2)
    assert 0 < len(reads) < FAN_OUT
    await turns()
    assert len(reads) == FAN_OUT
    for ended in range(2 * FAN_OUT + 3):
        reads[ended].answer()
        assert len(reads) == min(FAN_OUT + ended + 1, 2 * FAN_OUT + 3)
    assert await asked == [{"data": "ok"}] * (2 * FAN_OUT + 3)
    assert [each.path for each in reads] == [f"/things/{number}" for number in range(2 * FAN_OUT + 3)]


async def test_what_may_pass_is_repeated(upstream: omneo.Upstream) -> None:
    trace = Trace.begin()
    asked = ask(upstream.as_service(trace), 3)
    await turns()
    first, second, third = transport(upstream).reads
    first.failed(omneo.Unavailable(landed=Landed.NO))
    second.answer("", status=503)
    third.answer()
    assert await asked == [{"data": "at last"}, {"data": "at last"}, {"data": "ok"}]
    assert sorted(transport(upstream).again) == ["/things/0", "/things/1"]
    assert (trace.tally.made, trace.tally.retried, len(trace.tally.calls_s)) == (3, 2, 5)


async def test_calls_beyond_the_budget_are_not_made(upstream: omneo.Upstream) -> None:
    trace = Trace.begin()
    trace.tally.budget = 2
    asked = ask(upstream.as_service(trace), 300)
    await turns()
    for each in transport(upstream).reads:
        each.answer()
    found = await asked
    assert found[:2] == [{"data": "ok"}] * 2
    assert {type(each) for each in found[2:]} == {omneo.BudgetSpent}
    assert len(transport(upstream).reads) == 2


async def test_after_the_deadline_nothing_is_begun(upstream: omneo.Upstream) -> None:
    trace = Trace.begin()
    asked = ask(upstream.as_service(trace), 100)
    await turns()
    trace.abandon()
    for each in [*transport(upstream).reads]:
        each.answer()
    found = await asked
    assert [type(each) for each in found] == [dict] * FAN_OUT + [omneo.TimedOut] * (100 - FAN_OUT)
    assert len(transport(upstream).reads) == FAN_OUT


async def test_whoever_is_cancelled_breaks_all_of_it_off(upstream: omneo.Upstream) -> None:
    trace = Trace.begin()
    asked = ask(upstream.as_service(trace), 100)
    await turns()
    transport(upstream).reads[0].failed(omneo.Unavailable(landed=Landed.NO))  # which is going to be repeated
    transport(upstream).reads[1].answer()
    asked.cancel()
    await turns()
    assert asked.cancelled()
    reads = transport(upstream).reads
    assert [each.is_cancelled for each in reads] == [False, False] + [True] * (len(reads) - 2)
    assert len(trace.tally.calls_s) == len(reads)
    begun = len(reads)
    for each in [*reads[2:]]:
        each.answer()  # too late, and heard by nobody
    await asyncio.sleep(0.2)
    assert len(reads) == begun
    assert transport(upstream).again == []


@pytest.mark.parametrize("error", [ValueError("a bug"), asyncio.CancelledError()])
async def test_what_is_no_error_of_omneos_ends_it_all(upstream: omneo.Upstream, error: BaseException) -> None:
    asked = ask(upstream.as_service(Trace.begin()), 3)
    await turns()
    first, second, third = transport(upstream).reads
    first.failed(error)
    with pytest.raises(type(error)):
        await asked
    assert (second.is_cancelled, third.is_cancelled) == (True, True)


async def test_what_cannot_be_begun_is_told_too(upstream: omneo.Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """And who joined it does not wait for ever."""
    clients = joining(upstream)

    def out_of_handles(*_: object, **__: object) -> Read:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(ByHand, "begin", out_of_handles)
        one = ask(clients[0], 1)
        await asyncio.sleep(0)
        other = ask(clients[1], 1)
        for each in (one, other):
            with pytest.raises(RuntimeError):
                await each


async def test_equal_reads_of_two_requests_are_one(upstream: omneo.Upstream) -> None:
    clients = joining(upstream)
    traces = [client.trace for client in clients]
    one = ask(clients[0], 2)
    await turns()
    other = ask(clients[1], 3)
    await turns()
    reads = transport(upstream).reads
    assert [each.path for each in reads] == ["/things/0", "/things/1", "/things/2"]
    reads[0].answer('{"data": "zero"}')
    reads[1].answer("", status=404)  # whose limits may have been the first one's own
    await turns()
    assert [each.path for each in reads] == ["/things/0", "/things/1", "/things/2", "/things/1"]
    reads[2].answer('{"data": "two"}')
    reads[3].answer('{"data": "one"}')
    assert await other == [{"data": "zero"}, {"data": "one"}, {"data": "two"}]
    found = await one
    assert (found[0], type(found[1])) == ({"data": "zero"}, omneo.NotFound)
    assert [(trace.tally.made, trace.tally.cached) for trace in traces] == [(2, 0), (2, 1)]


async def test_who_joined_one_that_is_given_up_reads_for_itself(upstream: omneo.Upstream) -> None:
    clients = joining(upstream)
    one = ask(clients[0], 1)
    await turns()
    other = ask(clients[1], 1)
    await turns()
    assert len(transport(upstream).reads) == 1
    one.cancel()
    await turns()
    transport(upstream).reads[1].answer()
    assert await other == [{"data": "ok"}]
