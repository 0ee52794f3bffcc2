"""Deliveries: events sent to webhooks, signed, in the background (§11)."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections import deque
from typing import Any

import httpx

from sandbox.condition import holds
from sandbox.core import Sandbox
from sandbox.store import Row

ATTEMPTS = 3


class Deliveries:
    """Send each event to the webhooks that want it: the context at the root of the body, no envelope."""

    def __init__(self, sandbox: Sandbox, http: httpx.AsyncClient | None = None) -> None:
        self.kept: deque[dict[str, Any]] = deque(maxlen=10_000)
        self._sandbox = sandbox
        self._http = http
        self._tasks: set[asyncio.Task[None]] = set()

    def notice(self, event: str, payload: Row, namespace: str | None) -> None:
        """Begin the deliveries of an event; webhooks of the namespace of whoever caused it are spared (§11)."""
        for webhook in self._sandbox.store.rows("webhooks"):
            is_own = self._sandbox.settings.webhook_namespaces and webhook["namespace"] == namespace
            is_wanted = webhook["trigger"] == event and webhook["is_active"] and not is_own
            if is_wanted and holds(webhook["condition"], payload):
                task = asyncio.get_running_loop().create_task(self._deliver(webhook, event, payload))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def aclose(self) -> None:
        """Give up what is not delivered yet."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._http is not None:
            await self._http.aclose()

    async def _deliver(self, webhook: Row, event: str, payload: Row) -> None:
        body = json.dumps(payload).encode()
        headers = {"Content-Type": "application/json", "X-Omneo-Event": event}
        if self._sandbox.settings.webhook_signing:
            key = self._sandbox.settings.webhook_secret.encode()
            headers["X-Omneo-Hmac-SHA256"] = hmac.new(key, body, hashlib.sha256).hexdigest()
        for attempt in range(1, ATTEMPTS + 1):
            status = await self._post(webhook["url"], body, headers)
            self.kept.append({"webhook": webhook["id"], "event": event, "attempt": attempt, "status": status})
            if status is not None and 200 <= status < 300:
                return
            await asyncio.sleep(self._sandbox.settings.webhook_retry_ms / 1000)

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> int | None:
        if self._http is None:
            self._http = httpx.AsyncClient(timeout=5, trust_env=False)
        try:
            return (await self._http.post(url, content=body, headers=headers)).status_code
        except (httpx.HTTPError, httpx.InvalidURL):
            return None
