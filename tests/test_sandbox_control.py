"""The sandbox's own routes: journal, settings, reset (docs/sandbox.md)."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sandbox_support import SERVER, Stand, open_stand

from sandbox.journal import KEPT, Journal


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    """An empty sandbox."""
    async with open_stand() as opened:
        yield opened


async def calls(stand: Stand) -> list[dict[str, Any]]:
    """Read the journal."""
    read: list[dict[str, Any]] = (await stand.http.get("/_sandbox/calls")).json()["data"]
    return read


async def test_the_journal_notes_api_calls_alone(stand: Stand) -> None:
    """Method, path, query as it was sent, status and time, on both APIs, refused ones too; no other."""
    await stand.http.get("/api/health")
    await stand.ask("GET", "/benefits?page[size]=2&filter%5Bvalue%5D=%C3%A9")
    await stand.ask("POST", "/benefits", {})
    await stand.ask("GET", "/nothing", token="BAD-TOKEN")
    await (await stand.member(None)).ask("GET", "/profiles/me")
    noted = await calls(stand)
    assert [[each[name] for name in ("method", "path", "query", "status")] for each in noted] == [
        ["GET", "/api/v3/benefits", "page[size]=2&filter%5Bvalue%5D=%C3%A9", 200],
        ["POST", "/api/v3/benefits", "", 422],
        ["GET", "/api/v3/nothing", "", 401],
        ["POST", "/id/api/v1/auth/token", "", 200],
        ["GET", "/id/api/v1/profiles/me", "", 404],
    ]
    assert all(set(each) == {"method", "path", "query", "status", "ms"} and each["ms"] >= 0 for each in noted)
    assert (await stand.http.delete("/_sandbox/calls")).status_code == 204
    assert await calls(stand) == []


async def test_the_journal_forgets_the_oldest() -> None:
    """It keeps the latest calls of a long run, and no more of them than it has room for."""
    journal = Journal()
    for number in range(KEPT + 5):
        journal.note("GET", f"/{number}", "", 200, 0.1)
    assert (len(journal.as_json()), journal.as_json()[0]["path"]) == (KEPT, "/5")


async def test_settings_are_read_changed_and_set_back(stand: Stand) -> None:
    """A change is partial; DELETE sets everything back."""
    before = (await stand.http.get("/_sandbox/settings")).json()["data"]
    assert (before["page_size"], before["page_max"], before["honour_filters"], before["clock"]) == (15, 100, [], None)
    changed = await stand.http.put("/_sandbox/settings", json={"page_size": 3, "honour_filters": "benefits.id"})
    assert changed.json()["data"] == before | {"page_size": 3, "honour_filters": ["benefits.id"]}
    await stand.http.delete("/_sandbox/settings")
    assert (await stand.http.get("/_sandbox/settings")).json()["data"] == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"colour": "red"}, {"page_size": 0}, {"page_max": "all"}, {"clock": "noon"}, {"clock": "2026-06-15T12:00:00"},
        {"clock": "0001-01-01T00:00:00+14:00"}, {"embedded_definition": "half"}, {"honour_filters": ["benefits.value"]},
        {"honour_filters": 7}, {"honour_filters": [{}]}, {"aliases": "perhaps"}, {"webhook_secret": None},
        {"batch_delay_ms": -1}, {"token_lifetime_s": 1.5}, {"page_size": True},
    ],
)  # fmt: skip
async def test_a_setting_that_cannot_be_is_named(stand: Stand, wrong: dict[str, Any]) -> None:
    """And nothing is changed, not even what was good beside it."""
    before = (await stand.http.get("/_sandbox/settings")).json()["data"]
    answer = await stand.http.put("/_sandbox/settings", json={"batch_delay_ms": 9} | wrong)
    assert (answer.status_code, set(answer.json()["errors"])) == (422, set(wrong))
    assert (await stand.http.get("/_sandbox/settings")).json()["data"] == before


async def test_the_clock_stands_still(stand: Stand) -> None:
    """A fixed clock, of any offset, dates what is made; without one it is now."""
    await stand.settings(clock="2026-06-15T12:00:00+10:00")
    made = [(await stand.definition())["created_at"] for _ in range(2)]
    assert made == ["2026-06-15 02:00:00"] * 2
    await stand.settings(clock=None)
    assert (await stand.definition())["created_at"] > "2026-06-15 02:00:00"


async def test_reset_goes_back_to_the_seed() -> None:
    """What was made is gone, ids begin where the seed ends; settings and journal stay."""
    async with open_stand(seeded=True, page_size=7) as stand:
        before = (await stand.ask("GET", "/benefits?sort=-id")).json()
        made = await stand.definition()
        await stand.assign(await stand.profile(), made)
        assert (await stand.http.post("/_sandbox/reset")).status_code == 204
        assert (await stand.ask("GET", "/benefits?sort=-id")).json()["meta"] == before["meta"]
        assert (await stand.definition())["id"] == made["id"]
        assert len(await calls(stand)) > 4


async def test_health_needs_no_token(stand: Stand) -> None:
    """200 and the word OK, outside the versions of the API."""
    answer = await stand.http.get("/api/health")
    assert (answer.status_code, answer.text) == (200, "OK")


@pytest.mark.parametrize("path", ["/benefits/", "//benefits", "/benefits//?page[size]=1"])
async def test_slashes_are_read_as_one_or_none(stand: Stand, path: str) -> None:
    """As the servers before Omneo do; the journal has the path as it was sent."""
    assert (await stand.ask("GET", path)).status_code == 200
    assert (await calls(stand))[0]["path"] == f"/api/v3{path.partition('?')[0]}"


async def test_unknown_routes_are_json_too(stand: Stand) -> None:
    """404 and 405 have a message, as every error has."""
    for method, path, status in (("GET", "/nothing", 404), ("PATCH", "/benefits/1", 405), ("GET", "/benefits/x", 404)):
        answer = await stand.ask(method, path)
        assert (answer.status_code, set(answer.json())) == (status, {"message"})
    answer = await stand.http.get("/elsewhere", headers=SERVER)
    assert (answer.status_code, set(answer.json())) == (404, {"message"})


async def test_a_bug_is_a_500_without_a_trace(stand: Stand) -> None:
    """Should the sandbox itself fail, it answers as Omneo does and tells nothing of its inside."""
    stand.app.state.sandbox.store.rows = None
    transport = httpx.ASGITransport(stand.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox.test") as http:
        answer = await http.get("/api/v3/benefits", headers=SERVER)
    assert (answer.status_code, answer.json()) == (500, {"message": "Server Error"})
