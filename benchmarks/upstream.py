"""An Omneo that costs next to nothing: 50 profiles, 10 benefits each, 20 definitions, answered from bytes made once.

    python -m benchmarks.upstream --port 9000 --latency-ms 20

It knows the routes the benchmark's queries need, honours pages and `filter[profile_id][in]`, and counts its calls
(`GET /calls` answers the number so far). A bare protocol on uvloop, because nothing in a benchmark may wait for it, and
because it has to hold an answer back without holding back others.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import math
import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import orjson
import uvloop

PROFILES = 50
BENEFITS_EACH = 10
DEFINITIONS = 20
_PAGE_MAX = 100
_ROWS_OF_ONE = re.compile(r"/profiles/([^/]+)/benefits")


def profile_id(number: int) -> str:
    """Name the n-th profile."""
    return f"00000000-0000-4000-8000-{number:012d}"


class Tenant:
    """Hold the rows, shaped as Omneo shapes them, and answer routes with them."""

    def __init__(self, profiles: int = PROFILES, benefits_each: int = BENEFITS_EACH) -> None:
        definitions = [_definition(number) for number in range(1, DEFINITIONS + 1)]
        self.profiles = {profile_id(number): _profile(number) for number in range(profiles)}
        numbers = itertools.count(1)
        self.benefits = {
            owner: [_benefit(next(numbers), owner, definitions) for _ in range(benefits_each)]
            for owner in self.profiles
        }

    def answer(self, target: str) -> tuple[int, bytes]:
        """Answer `GET target` with a status and a body."""
        parts = urlsplit(target)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        path = parts.path.removeprefix("/api/v3").removeprefix("/id/api/v1")
        if path == "/api/health":
            return 200, b"OK"
        if path == "/profiles":
            return _page([*self.profiles.values()], query)
        if path == "/benefits":
            owners = query.get("filter[profile_id][in]", query.get("filter[profile_id]", "")).split(",")
            return _page([row for owner in owners for row in self.benefits.get(owner, [])], query)
        if found := _ROWS_OF_ONE.fullmatch(path):
            return _page(self.benefits.get(found[1], []), query)
        row = self.profiles.get(path.removeprefix("/profiles/"))
        if row is None:
            return 404, b'{"message": "Not found."}'
        return 200, orjson.dumps({"data": row})


class Upstream(asyncio.Protocol):
    """Speak just enough HTTP/1.1: GETs without a body, kept-alive connections, answers in order."""

    calls = 0

    def __init__(self, answer: Callable[[bytes], bytes], latency_s: float) -> None:
        self._answer = answer
        self._latency_s = latency_s
        self._unread = b""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        heads = (self._unread + data).split(b"\r\n\r\n")
        self._unread = heads.pop()
        for head in heads:
            target = head.split(b" ", 2)[1]
            if target == b"/calls":
                self._write(_http(200, str(Upstream.calls).encode()))
                continue
            Upstream.calls += 1
            if self._latency_s:
                self._loop.call_later(self._latency_s, self._write, self._answer(target))
            else:
                self._write(self._answer(target))

    def _write(self, answer: bytes) -> None:
        self._transport.write(answer)  # type: ignore[attr-defined]  # a socket's transport is one that writes


async def serve(port: int, latency_s: float, tenant: Tenant) -> asyncio.Server:
    """Serve on loopback. Every target's bytes are made when it is first asked for, and kept."""
    known: dict[bytes, bytes] = {}

    def answer(target: bytes) -> bytes:
        if target not in known:
            known[target] = _http(*tenant.answer(target.decode()))
        return known[target]

    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: Upstream(answer, latency_s), "127.0.0.1", port, backlog=1024)


def _http(status: int, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _page(rows: list[dict[str, object]], query: dict[str, str]) -> tuple[int, bytes]:
    size = min(int(query.get("page[size]", 15)), _PAGE_MAX)
    number = int(query.get("page[number]", 1))
    start = (number - 1) * size
    shown = rows[start : start + size]
    meta = {
        "current_page": number,
        "from": start + 1 if shown else None,
        "last_page": max(1, math.ceil(len(rows) / size)),
        "per_page": size,
        "to": start + len(shown) if shown else None,
        "total": len(rows),
    }
    return 200, orjson.dumps({"data": shown, "links": {"prev": None, "next": None}, "meta": meta})


def _profile(number: int) -> dict[str, object]:
    return {
        "id": profile_id(number),
        "title": None,
        "first_name": f"First{number}",
        "last_name": f"Last{number}",
        "full_name": f"First{number} Last{number}",
        "email": f"member{number}@example.com",
        "gender": None,
        "currency": "AUD",
        "joined_at": "2024-03-01 10:00:00",
        "mobile_phone": f"+614000{number:05d}",
        "birth_day": 1 + number % 28,
        "birth_month": 1 + number % 12,
        "birth_year": 1990,
        "is_completed": True,
        "profile_type": "customer",
        "tier": {"name": "Gold", "handle": "gold", "anniversary_at": None, "maintained_at": None},
        "identities": [
            {"id": number + 1, "handle": "pos", "identifier": f"P{number}", "is_primary": True, "is_active": True}
        ],
        "tags": ["vip"] if number % 2 else [],
        "statuses": [],
        "attributes": {"comms": {"email_promo": True, "sms_promo": False}, "appearance": {}, "dates": {}},
        "custom_attributes": {},
        "point_balance": 120,
        "reward_balance": 10.5,
        "created_at": "2024-03-01 10:00:00",
        "updated_at": "2024-03-01 10:00:00",
    }


def _benefit(number: int, owner: str, definitions: list[dict[str, object]]) -> dict[str, object]:
    return {
        "id": number,
        "profile_id": owner,
        "external_id": None,
        "definition": definitions[number % len(definitions)],
        "issued_at": "2026-01-05 09:30:00",
        "expires_at": f"2027-01-{1 + number % 28:02d} 23:59:59",
        "timezone": "UTC",
        "claimed_at": None,
        "is_expired": False,
        "is_redeemable": True,
        "redemptions_remaining": number % 5,
        "total_global_redemptions_remaining": None,
        "meta": {},
        "created_at": "2026-01-05 09:30:00",
        "updated_at": "2026-01-05 09:30:00",
    }


def _definition(number: int) -> dict[str, object]:
    return {
        "id": number,
        "name": f"Benefit number {number}",
        "handle": f"benefit-{number}",
        "period": 30,
        "short_description": f"What benefit number {number} gives, in one sentence.",
        "image_url": f"https://images.example/{number}.png",
        "is_published": True,
        "is_archived": False,
        "max_redemptions": 5,
        "tags": [],
        "meta": {},
    }


async def _main(port: int, latency_ms: float, profiles: int, benefits_each: int) -> None:
    server = await serve(port, latency_ms / 1000, Tenant(profiles, benefits_each))
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--profiles", type=int, default=PROFILES)
    parser.add_argument("--benefits-each", type=int, default=BENEFITS_EACH)
    given = parser.parse_args()
    uvloop.run(_main(given.port, given.latency_ms, given.profiles, given.benefits_each))
