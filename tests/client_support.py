"""A network that answers as told, and a client of Omneo on it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

import omneo
from omneo import Landed
from telemetry import Trace

ADA = "92975ecb-5264-4d31-9f2b-789fa01f4555"


PROFILE: dict[str, Any] = {"id": ADA, "first_name": "Ada"}


API, ID_API = "https://api.test/api/v3", "https://api.test/id/api/v1"


SECRET = "ada@example.com owes 12"


Answer = httpx.Response | Exception


Handler = Callable[[httpx.Request], Answer]


class Wire:
    """Stand for the network: answers as told, in turn, the last one for ever; keeps every request."""

    def __init__(self, *answers: Answer | Handler) -> None:
        self.requests: list[httpx.Request] = []
        self._answers = answers

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        answer = self._answers[min(len(self.requests), len(self._answers) - 1)]
        self.requests.append(request)
        found = answer(request) if callable(answer) else answer
        if isinstance(found, Exception):
            raise found
        return found

    def client(
        self, *, member: bool = False, deadline_s: float = 15, page_max: int = 100, trace: Trace | None = None
    ) -> omneo.Client:
        """Open a client whose calls end here."""
        http = omneo.open_http(transport=httpx.MockTransport(self))
        upstream = omneo.Upstream(http, api_url=API, id_url=ID_API, token="server-token", page_max=page_max)
        trace = trace or Trace.begin(deadline_s=deadline_s)
        return upstream.as_member("member-token", trace) if member else upstream.as_service(trace)


def ok(data: Any, status: int = 200) -> httpx.Response:
    """Answer with data in its envelope."""
    return httpx.Response(status, json={"data": data})


@contextmanager
def fails(kind: type[omneo.OmneoError], landed: Landed | None = None) -> Iterator[Any]:
    """Expect this very error, with nothing in it of what Omneo wrote."""
    with pytest.raises(omneo.OmneoError) as caught:
        yield caught
    error = caught.value
    assert type(error) is kind
    assert landed in (None, error.landed)
    assert SECRET not in f"{error} {error!r} {error.detail}"
