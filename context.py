"""What one request carries: who asks, which Omneo client answers, and the loaders that batch its calls."""

from dataclasses import dataclass, field
from functools import partial
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
import strawberry
from starlette.datastructures import Secret

import omneo
from loaders import Loaders
from loaders.prices import Terms
from telemetry import Trace
from writes import Kinds, Writes, benefit_kinds


@dataclass(frozen=True, slots=True)
class Caller:
    """Name who is calling; the credential itself is kept only where Omneo must see it.

    `token` is a member's Omneo ID token, passed on as it came; a service has none, it uses the tenant's.
    """

    kind: Literal["member", "service"]
    name: str
    scopes: frozenset[str] = frozenset()
    token: Secret | None = None
    is_member: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_member", self.kind == "member")


class Context(msgspec.Struct, eq=False):
    """Hold what the resolvers of one request share.

    `client` speaks as the caller (a member's own token, or the tenant's); `server` always as the tenant, for the
    catalogue, which the ID API does not offer (ADR 11). Both count into the same `trace`.
    """

    caller: Caller
    client: omneo.Client
    catalogue: omneo.Catalogue
    loaders: Loaders
    writes: Writes
    kinds: Kinds
    trace: Trace
    zone: ZoneInfo
    tenant: str
    capabilities: omneo.Capabilities

    @property
    def server(self) -> omneo.Client:
        """Speak as the tenant; opened when it is first needed."""
        return self.loaders.server

    @property
    def terms(self) -> Terms:
        """Tell on what terms this caller's calls are made, for their price."""
        able = self.capabilities
        return Terms(self.caller.is_member, self.client.page_max, able.profiles_by_id, able.benefits_by_profile)

    def whose(self, profile_id: str) -> str:
        """Name the profile a loader's key is about: a member has one, under whatever id it is asked for."""
        return omneo.ME if self.caller.is_member else profile_id

    async def forget(
        self, definition: omneo.EmbeddedBenefitDefinition | None = None, *, settings: bool = False
    ) -> None:
        """Forget what a write outdated, so that whatever is read next is read anew: all but other definitions.

        A write on a benefit moves its definition's counters; only one on the definition changes its `settings`. Where
        several gateways share a Redis, the others have been told when this returns.
        """
        if definition is not None:
            await self.catalogue.forget(definition, settings=settings)
        self.loaders.forget_all()


@dataclass(slots=True)
class Gateway:
    """Hold what outlives a request, and open a `Context` for each."""

    upstream: omneo.Upstream
    zone: ZoneInfo
    tenant: str
    kinds: Kinds = field(init=False)
    writes: Writes = field(init=False)  # opened with the application, closed with it
    capabilities: omneo.Capabilities = field(default_factory=omneo.Capabilities)
    catalogue: omneo.Catalogue = field(default_factory=omneo.Catalogue)

    def __post_init__(self) -> None:
        self.kinds = benefit_kinds(self.upstream)

    def context(self, caller: Caller, trace: Trace) -> Context:
        """Open the context of one request: fresh loaders, nothing shared with another caller."""
        upstream = self.upstream
        client = upstream.as_service(trace) if caller.token is None else upstream.as_member(caller.token, trace)
        client.joins = True
        loaders = Loaders(client, partial(self._server, trace), self.capabilities, self.catalogue, self.zone)
        return Context(
            caller=caller,
            client=client,
            catalogue=self.catalogue,
            loaders=loaders,
            writes=self.writes,
            kinds=self.kinds,
            trace=trace,
            zone=self.zone,
            tenant=self.tenant,
            capabilities=self.capabilities,
        )

    def _server(self, trace: Trace) -> omneo.Client:
        """Speak as the tenant, also for a service's request: its own client decodes what the operation reads, the
        catalogue keeps whole records."""
        server = self.upstream.as_service(trace)
        server.joins = True
        return server


Info = strawberry.Info[Context, None]
