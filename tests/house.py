"""What tests through GraphQL share: the gateway in process over the sandbox in process, and the sandbox's journal."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from config import Settings
from gateway import create_app
from sandbox.app import create_app as create_sandbox
from sandbox.settings import Settings as SandboxSettings

SERVICE = "sandbox-service-key"
SERVER = {"authorization": "Bearer sandbox-token"}
OMNEO = "http://127.0.0.1:9"  # never connected to: calls go to the sandbox in this process


@dataclass
class House:
    """One gateway over one sandbox. `ask` asks as a service, or as whoever's token is given."""

    gateway: httpx.AsyncClient
    omneo: httpx.AsyncClient

    async def ask(self, query: str, *, token: str = SERVICE, **variables: Any) -> dict[str, Any]:
        """Run a query and return the whole answer."""
        answer = await self.gateway.post(
            "/graphql",
            json={"query": query, "variables": variables},
            headers={"authorization": f"Bearer {token}", "x-upstream-report": "1"},
        )
        result: dict[str, Any] = answer.json()
        return result

    async def data(self, query: str, *, token: str = SERVICE, **variables: Any) -> dict[str, Any]:
        """Run a query that must have no errors and return its data."""
        answer = await self.ask(query, token=token, **variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    async def codes(self, query: str, *, token: str = SERVICE, **variables: Any) -> list[str]:
        """Run a query that must have errors and return their codes."""
        answer = await self.ask(query, token=token, **variables)
        return [error["extensions"]["code"] for error in answer["errors"]]

    async def rest(self, method: str, path: str, **options: Any) -> Any:
        """Ask the sandbox directly, as the tenant. The journal notes it like any call."""
        answer = await self.omneo.request(method, f"/api/v3{path}", headers=SERVER, **options)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def member(self, profile_id: str | None = None) -> str:
        """Mint a member's token as a retailer's backend does; an anonymous one for nobody."""
        body = {} if profile_id is None else {"id": profile_id}
        answer = await self.omneo.post("/id/api/v1/auth/token", json=body, headers=SERVER)
        token: str = answer.json()["data"]["token"]
        return token

    async def calls(self) -> list[str]:
        """Read the journal as `METHOD path`, and begin a new one."""
        answer = await self.omneo.get("/_sandbox/calls")
        await self.omneo.delete("/_sandbox/calls")
        return [f"{call['method']} {call['path']}" for call in answer.json()["data"]]

    async def settings(self, **changes: Any) -> None:
        """Change the sandbox's settings."""
        (await self.omneo.put("/_sandbox/settings", json=changes)).raise_for_status()

    async def faults(self, *rules: Mapping[str, Any]) -> None:
        """Set the sandbox's fault plan."""
        (await self.omneo.put("/_sandbox/faults", json=list(rules))).raise_for_status()

    async def profile_ids(self, count: int = 60) -> list[str]:
        """List the ids of the seed's members, oldest first."""
        page = await self.rest("GET", f"/profiles?page[size]={count}&sort=created_at")
        await self.calls()
        return [row["id"] for row in page["data"]]


@asynccontextmanager
async def open_house(
    settings: Mapping[str, str] | None = None, /, *, honour_filters: tuple[str, ...] = (), **environ: str
) -> AsyncIterator[House]:
    """Open a gateway over a sandbox, both fresh. Keywords are settings of the gateway, as are those in `settings`;
    `honour_filters` are the filters in doubt that the sandbox honours."""
    sandbox = create_sandbox(SandboxSettings(honour_filters=honour_filters))
    given = {
        "OMNEO_BASE_URL": OMNEO,
        "OMNEO_TOKEN": "sandbox-token",
        "OMNEO_TIMEZONE": "Australia/Melbourne",
        "GATEWAY_ENV": "development",
        "WRITE_QUARANTINE_S": "0.3",
        "OMNEO_BATCH": "fanout",
    } | {**(settings or {}), **environ}
    async with (
        sandbox.router.lifespan_context(sandbox),
        httpx.AsyncClient(transport=httpx.ASGITransport(sandbox), base_url=OMNEO) as omneo,
    ):
        app = create_app(Settings.from_environ(given), http=omneo)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client,
        ):
            house = House(client, omneo)
            await house.calls()
            yield house
