"""What tests of the /graphql handler share: a schema of their own behind the handler, and who asked what of it."""

import asyncio
from types import SimpleNamespace
from typing import Any

import httpx
import strawberry
from graphql import GraphQLError

from context import Caller
from execution import Engine, Limits
from loaders.prices import Terms
from serving.asgi import Message
from serving.aside import Aside
from serving.budget import Budget, LocalCounts
from serving.caller import Callers
from serving.graphql import GraphQLEndpoint, HttpLimits
from serving.keys import development_key
from serving.metrics import Metrics
from serving.operations import Operations
from serving.page import Page
from telemetry import Trace

KEY = {"authorization": "Bearer sandbox-service-key"}
MEMBER = {"authorization": "Bearer eyJhbGciOiJub25lIn0.eyJwaWQiOiJ4In0.c2ln"}
MODERN = {"accept": "application/graphql-response+json"}
LEGACY = {"accept": "application/json"}


class Log:
    """Stand in for a context, and remember what a resolver did and who asked."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.callers: list[Caller] = []
        self.traces: list[Trace] = []
        self.terms = Terms(is_member=False)
        self.client = SimpleNamespace(era=0, credential=b"", kinds={})

    @property
    def caller(self) -> Caller:
        return self.callers[-1]

    @property
    def trace(self) -> Trace:
        return self.traces[-1]

    def fail(self, caller: Caller, trace: Trace) -> Any:
        raise RuntimeError("ada@example.com lives at 127.0.0.1")

    def open(self, caller: Caller, trace: Trace) -> Any:
        self.callers.append(caller)
        self.traces.append(trace)
        return self


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "you") -> str:
        return f"Hello {name}"

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError("ada@example.com lives at 127.0.0.1")

    @strawberry.field
    def all_or_nothing(self) -> int:
        raise RuntimeError

    @strawberry.field
    async def slow(self, info: strawberry.Info) -> str:
        info.context.events.append("begun")
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            info.context.events.append("cancelled")
            raise
        return "done"


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def write(self, info: strawberry.Info) -> str:
        info.context.events.append("begun")
        await asyncio.sleep(0.2)
        info.context.events.append("landed")
        return "done"


def coded(error: GraphQLError) -> dict[str, Any]:
    """Hide what a resolver raised, as the real table of errors does."""
    return {"message": "hidden", "path": error.path, "extensions": {"code": "INTERNAL"}}


def endpoint_over(
    log: Log, *, limits: HttpLimits | None = None, is_log_only: bool = False, fails: bool = False
) -> GraphQLEndpoint:
    """Put the handler before the schema above, as the gateway does before its own; `fails` has it meet a bug."""
    engine = Engine(strawberry.Schema(Query, Mutation), coded, Limits(is_log_only=is_log_only))
    aside, opens = Aside(), log.fail if fails else log.open
    return GraphQLEndpoint(
        Operations(engine, opens, Budget(LocalCounts()), aside, members_introspect=True, is_log_only=is_log_only),
        Callers(development_key("sandbox-service-key")),
        Metrics(),
        Page(),
        aside,
        deadline_s=5,
        limits=limits or HttpLimits(body_timeout_s=0.2),
    )


async def post(client: httpx.AsyncClient, query: str, headers: dict[str, str] = LEGACY, **more: Any) -> httpx.Response:
    return await client.post("/graphql", json={"query": query, **more}, headers=KEY | headers)


def code(answer: httpx.Response) -> str:
    errors = answer.json()["errors"]
    assert "data" not in answer.json()
    return str(errors[0]["extensions"]["code"])


async def ask_raw(endpoint: GraphQLEndpoint, headers: list[tuple[bytes, bytes]], receive: Any) -> tuple[int, bytes]:
    """Ask below HTTP, where a client can be slow, hang up, or send a header twice."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": headers}
    await endpoint(scope, receive, send)
    return (sent[0]["status"], sent[1]["body"]) if sent else (0, b"")
