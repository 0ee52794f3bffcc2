"""Hostile input to the sandbox: it is refused, and never shows a 500 or a trace."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sandbox_process import Process, running
from sandbox_support import Stand, document, open_stand, operations

PROFILE = "f38b2ffc-80a4-4f5a-91c9-bc701e7ea419"  # the first of the seed
KEYS = [
    "0", "-1", "99999999999999999999", "9" * 5000, "1e9", "%00", "1%00", "%2e%2e", "%2e%2e%2fbenefits", "1%2f..",
    "a" * 5000, "%ff%fe", "%F0%9F%92%A9", "';--", "%22", "*", "%25", "null", "1;2", "[1]", "{}", "%0d%0aX-A:%20b",
]  # fmt: skip
PARAMETERS = sorted({part[1:-1] for path in document()["paths"] for part in path.split("/") if part.startswith("{")})
BODIES: list[bytes] = [
    b"{", b"[", b"nul", b'"text"', b"7", b"[1]", b"null", b"\xff\xfe", b'{"a": \xff}', b'{"a": NaN}',
    b'{"a": "\\ud800"}', b"[" * 100_000, b'{"a":' * 5000 + b"1" + b"}" * 5000, b"{" + b'"a":1,' * 10_000 + b'"b":2}',
]  # fmt: skip
ODD: list[Any] = [
    None, True, False, 0, -1, 1.5, 10**18, -(10**18), 2**64 - 1, 1e308, "", " ", "0", "\x00", "a\x00b", "x" * 100_000,
    "9" * 400, [], [[]], [None], [{}], {}, {"a": {"b": []}}, "../../x", "0001-01-01", "9999-12-31 23:59:59",
    "2026-02-30", "2026-06-15T12:00:00.999999+23:59", "-", "\u202e", "\U0001f600",
]  # fmt: skip


@pytest.fixture(scope="module")
def process() -> Iterator[Process]:
    """One sandbox for all tests of this file; a trace in its output fails the last of them."""
    with running() as started:
        yield started


@pytest.mark.parametrize("parameter", PARAMETERS)
@pytest.mark.parametrize("key", KEYS, ids=range(len(KEYS)))
def test_keys_in_paths(process: Process, parameter: str, key: str) -> None:
    """Whatever stands where an id belongs names nothing, or is no path."""
    names = {"profile": PROFILE, "benefit": "1", "definition": "1", "handle": "welcome-offer"}
    names |= {"redemption": "1", "reward": "1", "webhook": "1"} | {parameter: key}
    for method, path in operations():
        if f"{{{parameter}}}" in path and not (parameter == "profile" and key == "null"):
            answer = process.http.request(method, f"/api/v3{path.format(**names)}", json={"x": 1})
            assert answer.status_code in (400, 404, 405, 422), (method, path, answer.text[:300])
            assert set(answer.json()) <= {"message", "errors"}


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_bodies_that_are_no_object(process: Process, body: bytes) -> None:
    """400 for what is no JSON, 422 for what is no object or lacks what it needs, on every write."""
    for method, path in operations():
        if method in ("POST", "PUT") and path not in ("/auth/token", "/profiles/me"):
            url = path.format(profile=PROFILE, benefit="1", definition="1", redemption="1", webhook="1")
            answer = process.http.request(method, f"/api/v3{url}", content=body)
            assert answer.status_code < 500, (method, path, answer.text[:300])
            if body != b"null" and not answer.is_success:
                assert answer.status_code in (400, 404, 422), (method, path, answer.text[:300])
    answer = process.http.put("/_sandbox/settings", content=body)
    assert answer.status_code in (400, 422)
    assert process.http.put("/_sandbox/faults", content=body).status_code in (400, 422)


def test_a_body_beyond_all_measure_is_refused(process: Process) -> None:
    """413, before it is read as JSON."""
    answer = process.http.post("/api/v3/benefits", content=b'"' + b"x" * 9_000_000 + b'"')
    assert (answer.status_code, set(answer.json())) == (413, {"message"})


def _writes() -> list[tuple[str, str, str]]:
    """List every field of every body of the document, with the method and path it is sent to."""
    found = []
    for method, path in operations():
        content = document()["paths"][path][method.lower()].get("requestBody", {}).get("content")
        if content and path not in ("/auth/token", "/profiles/me"):
            name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
            found += [(method, path, field) for field in document()["components"]["schemas"][name]["properties"]]
    return found


@pytest.mark.parametrize(("method", "path"), sorted({each[:2] for each in _writes()}))
async def test_odd_values_in_every_field(method: str, path: str) -> None:
    """Whatever a field holds, the answer is as documented, a refusal or a success; and so is what was written."""
    fields = [field for each_method, each_path, field in _writes() if (each_method, each_path) == (method, path)]
    async with open_stand(seeded=True, batch_delay_ms=0) as stand:
        stand.give(PROFILE, reward_balance=50)
        url = path.format(profile=PROFILE, benefit="1", definition="1", redemption="1", webhook="1")
        for field, value in itertools.product(fields, ODD):
            answer = await stand.ask(method, url, _whole(path) | {field: value})
            assert answer.status_code < 500
        await _everything_reads(stand)


def _whole(path: str) -> dict[str, Any]:
    """Give what a body must have, so that the odd value is what is looked at."""
    if path == "/benefits":
        return {
            "profile_id": PROFILE, "benefit_definition_id": 1, "issued_at": "2026-06-01", "timezone": "UTC",
        }  # fmt: skip
    if "claim" in path:
        return {"definition": "welcome-offer", "timezone": "UTC"}
    if path == "/benefits/extend":
        return {"profile_id": PROFILE, "ids": [1], "extend_days": 1}
    if path.startswith("/benefits/definitions"):
        return {"name": "Odd", "period": 7}
    if path.startswith("/webhooks"):
        return {"trigger": "nothing.happens", "namespace": "odd"}
    return {}


async def _everything_reads(stand: Stand) -> None:
    for path in ("/profiles?page[size]=100", "/benefits?sort=-id", "/benefits/definitions?sort=-id", "/webhooks"):
        assert (await stand.ask("GET", path)).status_code == 200
    for path in ("benefits/claimable", "benefits/viewable", "redeemable_benefits", "redemptions", "balances", "tiers"):
        assert (await stand.ask("GET", f"/profiles/{PROFILE}/{path}")).status_code in (200, 404)


@given(query=st.lists(st.tuples(st.sampled_from(
    ["filter[meta]", "filter[value][gt]", "filter[external_id][in]", "filter[id]", "filter[tags][handle]", "filter[[]",
     "filter[a][b][c][in]", "sort", "page[size]", "page[number]", "offset", "limit", "search", "filter[search]",
     "tags[]", "filter[data]", "filter[expires_at][lte]", "filter[name]", "include", "filter[t.id]"]),
    st.text(max_size=40)), max_size=6))  # fmt: skip
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_queries_of_any_text(process: Process, query: list[tuple[str, str]]) -> None:
    """Lists answer 200, or 422, whatever their parameters hold."""
    encoded = [(name, value.encode("utf-8", "surrogatepass")) for name, value in query]
    for path in ("/benefits", "/benefits/definitions", "/profiles", "/identities", "/profiles/attributes/custom"):
        answer = process.http.get(f"/api/v3{path}", params=encoded)  # type: ignore[arg-type]  # bytes are encoded too
        assert answer.status_code in (200, 422), answer.text[:300]


@pytest.mark.parametrize(
    "query",
    [
        "filter[external_id][in]=" + ",".join("x" * 3 for _ in range(10_000)),
        "&".join(f"filter[value]={n}" for n in range(2000)),
        "search=" + "%25" * 10_000,
        "&".join(f"tags[]={n}" for n in range(5000)),
        "%ff=%fe&filter[value]=%ff&sort=%00",
        "filter" + "[a]" * 5000 + "=1",
    ],
    ids=["in", "filters", "search", "tags", "bytes", "brackets"],
)
def test_queries_of_any_length(process: Process, query: str) -> None:
    """Long lists, many filters and patterns are served or refused, and quickly."""
    for path in ("/benefits", "/profiles"):
        answer = process.http.get(f"/api/v3{path}?{query}")
        assert answer.status_code in (200, 400, 414, 422), answer.text[:300]


@pytest.mark.parametrize("host", ["[", "a b", "x" * 3000, "é", "evil.example/path?x=", "a:b:c"])
async def test_any_host(host: str) -> None:
    """A host that is none does not come back in the links."""
    async with open_stand(seeded=True) as stand:
        headers = [(b"authorization", b"Bearer sandbox-token"), (b"host", host.encode())]
        answer = await stand.http.get("/api/v3/benefits", headers=headers)
        assert answer.json()["meta"]["path"] == "http://sandbox.invalid/api/v3/benefits" or host == "x" * 3000


def test_the_sandbox_is_well_afterwards(process: Process) -> None:
    """After all of that it serves, and its output is without a trace, which the fixture looks at."""
    assert process.data("GET", "/benefits.count")["countAll"] > 500
    assert process.http.get("/api/health").status_code == 200
