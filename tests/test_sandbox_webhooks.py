"""Webhooks of the sandbox: who is told of what, signed, tried again (API.md §11)."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sandbox_support import Stand, document, hold_delivery, open_stand

SECRET = b"sandbox-webhook-secret"


@dataclass
class Receiver:
    """An HTTP server on a real socket: keeps what it is sent, and answers with the next of `statuses`, else 200."""

    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        lines = [line.partition(": ") for line in head.split("\r\n")[1:] if line]
        headers = {name.lower(): value for name, _, value in lines}
        body = await reader.readexactly(int(headers["content-length"]))
        self.got.append((headers, body))
        status = self.statuses.pop(0) if self.statuses else 200
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def events(self, count: int) -> list[tuple[str, Any]]:
        """Wait for so many deliveries, and a little for one too many; return event and payload of each."""
        for _ in range(1000):
            if len(self.got) >= count:
                break
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.05)
        return [(headers["x-omneo-event"], json.loads(body)) for headers, body in self.got]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver on a free port."""
    opened = Receiver()
    server = await asyncio.start_server(opened.serve, "127.0.0.1", 0)
    opened.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    async with server:
        yield opened


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    """An empty sandbox that tries again quickly."""
    async with open_stand(webhook_retry_ms=10) as opened:
        yield opened


async def hook(stand: Stand, receiver: Receiver, trigger: str, **fields: Any) -> dict[str, Any]:
    """Register a webhook."""
    body = {"trigger": trigger, "url": receiver.url, "namespace": "crm"} | fields
    made: dict[str, Any] = await stand.data("POST", "/webhooks", body)
    return made


async def test_an_event_is_delivered_signed(stand: Stand, receiver: Receiver) -> None:
    """The benefit at the root of the body, the event in a header, and the hex HMAC of the very bytes."""
    await hook(stand, receiver, "benefit.created")
    benefit = await stand.assign(await stand.profile(), await stand.definition(), meta={"note": "Grüße"})
    assert await receiver.events(1) == [("benefit.created", benefit)]
    headers, body = receiver.got[0]
    assert headers["x-omneo-hmac-sha256"] == hmac.new(SECRET, body, hashlib.sha256).hexdigest()
    assert headers["content-type"] == "application/json"


async def test_the_secret_and_the_signature_are_settings(stand: Stand, receiver: Receiver) -> None:
    """Another secret signs otherwise; switched off, nothing is signed."""
    await hook(stand, receiver, "benefit.created")
    profile, kind = await stand.profile(), await stand.definition()
    await stand.settings(webhook_secret="other")
    await stand.assign(profile, kind)
    await receiver.events(1)
    await stand.settings(webhook_signing=False)
    await stand.assign(profile, kind)
    await receiver.events(2)
    (signed, body), (unsigned, _) = receiver.got
    assert signed["x-omneo-hmac-sha256"] == hmac.new(b"other", body, hashlib.sha256).hexdigest()
    assert "x-omneo-hmac-sha256" not in unsigned


async def test_every_change_has_its_event(stand: Stand, receiver: Receiver) -> None:
    """Profiles and benefits tell of what becomes of them, in the order it did."""
    triggers = {name for each in document()["webhooks"].values() for name in _events(each)}
    for trigger in triggers:
        await hook(stand, receiver, trigger)
    kind = await stand.definition(is_extendable=True)
    told: list[tuple[str, Any]] = []

    async def then(*events: str) -> Any:
        nonlocal told
        now = await receiver.events(len(told) + len(events))
        assert sorted(name for name, _ in now[len(told) :]) == sorted(events)
        for name, payload in now[len(told) :]:
            hold_delivery(name, payload)
        told = now
        return now[-1][1]

    profile = await stand.profile(tags=["vip"])
    assert (await then("profile.created"))["flattened_tags"] == ["vip"]
    await stand.data("PUT", f"/profiles/{profile}", {"company": "Acme"})
    assert (await then("profile.updated"))["company"] == "Acme"
    benefit = await stand.assign(profile, kind)
    assert (await then("benefit.created"))["id"] == benefit["id"]
    await stand.data("PUT", f"/benefits/{benefit['id']}", {"value": 5})
    assert (await then("benefit.updated"))["value"] == 5
    await stand.data("POST", "/benefits/extend", {"profile_id": profile, "ids": [benefit["id"]], "extend_days": 1})
    assert (await then("benefit.updated"))["extended_at"]
    await stand.data("POST", f"/profiles/{profile}/benefits/{benefit['id']}/redeem")
    assert (await then("benefit.redeemed"))["redemptions_remaining"] == 0
    await stand.claim(profile, kind)
    claimed = await then("benefit.claimed")
    assert claimed["claimed_at"]
    await stand.data("DELETE", f"/benefits/{benefit['id']}")
    assert (await then("benefit.deleted"))["id"] == benefit["id"]
    other = await stand.profile()
    await then("profile.created")
    await stand.data("POST", "/profiles/merge", {"source_profile_id": profile, "destination_profile_id": other})
    assert (await then("profile.merged"))["id"] == other
    await stand.data("DELETE", f"/profiles/{other}")
    await then("profile.deleted")


def _events(described: dict[str, Any]) -> list[str]:
    (header,) = [each for each in described["post"]["parameters"] if each["name"] == "X-Omneo-Event"]
    names: list[str] = header["schema"]["enum"]
    return names


async def test_a_condition_chooses(stand: Stand, receiver: Receiver) -> None:
    """JSON Logic over what is delivered; an inactive webhook and another event's are not called."""
    await hook(stand, receiver, "benefit.created", condition={"===": [{"var": "definition.handle"}, "wanted"]})
    await hook(stand, receiver, "benefit.updated")
    await hook(stand, receiver, "profile.updated", is_active=False)
    profile = await stand.profile()
    await stand.assign(profile, await stand.definition(handle="other"))
    await stand.assign(profile, await stand.definition(handle="wanted"))
    await stand.data("PUT", f"/profiles/{profile}", {"company": "x"})
    assert [payload["definition"]["handle"] for _, payload in await receiver.events(1)] == ["wanted"]


async def test_what_fails_is_tried_again(stand: Stand, receiver: Receiver) -> None:
    """Three attempts with the same bytes; the deliveries tell how each of them ended."""
    receiver.statuses = [500, 404]
    made = await hook(stand, receiver, "benefit.created")
    await stand.assign(await stand.profile(), await stand.definition())
    await receiver.events(3)
    assert len({body for _, body in receiver.got}) == 1
    kept = (await stand.http.get("/_sandbox/deliveries")).json()["data"]
    assert [(each["webhook"], each["event"], each["attempt"], each["status"]) for each in kept] == [
        (made["id"], "benefit.created", 1, 500),
        (made["id"], "benefit.created", 2, 404),
        (made["id"], "benefit.created", 3, 200),
    ]
    await stand.http.delete("/_sandbox/deliveries")
    assert (await stand.http.get("/_sandbox/deliveries")).json()["data"] == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/nobody", "no url", "ftp://x", "http://[", "http://\x00/"])
async def test_who_cannot_be_reached_harms_nobody(stand: Stand, url: str) -> None:
    """An address where nobody is, or that is none, fails three times and nothing else does."""
    body = {"trigger": "benefit.created", "url": url, "namespace": "crm"}
    await stand.data("POST", "/webhooks", body)
    await stand.assign(await stand.profile(), await stand.definition())
    for _ in range(1000):
        kept = (await stand.http.get("/_sandbox/deliveries")).json()["data"]
        if len(kept) == 3:
            break
        await asyncio.sleep(0.02)
    assert [each["status"] for each in kept] == [None] * 3


async def test_a_namespace_does_not_hear_itself(stand: Stand, receiver: Receiver) -> None:
    """What a token caused is not told to webhooks of its namespace; what a member caused is, and all is if switched."""
    await hook(stand, receiver, "benefit.created", namespace="till")
    await hook(stand, receiver, "benefit.claimed", namespace="till")
    await stand.settings(token_namespace="till")
    profile, kind = await stand.profile(), await stand.definition(is_reclaimable=True)
    await stand.assign(profile, kind)
    await stand.claim(profile, kind)
    member = await stand.member(profile)
    await member.ask("POST", "/profiles/me/benefits/claim", {"definition": kind["handle"], "timezone": "UTC"})
    assert [name for name, _ in await receiver.events(1)] == ["benefit.claimed"]
    await stand.settings(webhook_namespaces=False)
    await stand.assign(profile, kind)
    assert [name for name, _ in await receiver.events(2)] == ["benefit.claimed", "benefit.created"]


async def test_what_never_was_is_not_told(stand: Stand, receiver: Receiver) -> None:
    """A claim-redeem that fails in its second half tells of nothing; one that lands tells of both halves."""
    await hook(stand, receiver, "benefit.claimed")
    await hook(stand, receiver, "benefit.redeemed")
    profile, useless, good = await stand.profile(), await stand.definition(max_redemptions=0), await stand.definition()
    path, body = f"/profiles/{profile}/benefits/claim-redeem", {"definition": useless["handle"], "timezone": "UTC"}
    await stand.refused("POST", path, body)
    await stand.data("POST", path, body | {"definition": good["handle"]})
    assert sorted(name for name, _ in await receiver.events(2)) == ["benefit.claimed", "benefit.redeemed"]


async def test_webhooks_are_kept(stand: Stand, receiver: Receiver) -> None:
    """Made with defaults, changed in part, listed, deleted; trigger and address together are one webhook's."""
    made = await hook(stand, receiver, "profiles.create", queue="fast", condition=[], extra_data_template="{{ id }}")
    assert (made["queue"], made["is_active"], made["retry_daily"], made["user_id"]) == ("low", True, False, 1)
    assert await stand.data("GET", f"/webhooks/{made['id']}") == made
    taken = {"url": ["The url has already been taken."]}
    same = {"trigger": "profiles.create", "url": receiver.url, "namespace": "other"}
    assert await stand.errors("POST", "/webhooks", same) == taken
    other = await hook(stand, receiver, "profiles.update")
    assert await stand.errors("PUT", f"/webhooks/{other['id']}", {"trigger": "profiles.create"}) == taken
    changed = await stand.data("PUT", f"/webhooks/{made['id']}", {"is_active": False, "queue": None})
    assert (changed["is_active"], changed["queue"], changed["url"]) == (False, None, receiver.url)
    assert [each["id"] for each in await stand.data("GET", "/webhooks?filter[is_active]=1")] == [other["id"]]
    await stand.data("DELETE", f"/webhooks/{made['id']}")
    await stand.refused("GET", f"/webhooks/{made['id']}", status=404)
    for wrong in ({"trigger": "x"}, {**same, "url": None}, {**same, "is_active": "maybe"}, {**same, "condition": 7}):
        await stand.errors("POST", "/webhooks", wrong)
