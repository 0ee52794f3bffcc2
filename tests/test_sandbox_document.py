"""Every path of docs/omneo/openapi.yaml is served, and each answer is what the document says it is."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sandbox_support import METHODS, Stand, document, hold, open_stand, operations

PROFILE = "f38b2ffc-80a4-4f5a-91c9-bc701e7ea419"  # the first of the seed
NOBODY = "00000000-0000-4000-8000-000000000000"
BENEFIT = {
    "profile_id": PROFILE,
    "benefit_definition_id": "1",
    "issued_at": "2026-06-01 09:00:00",
    "timezone": "Australia/Melbourne",
}
HOOK = {"trigger": "benefit.created", "url": "http://127.0.0.1:9/hook", "namespace": "till"}


@dataclass
class Call:
    """A call that succeeds, one that finds nothing, and one that is invalid, where the document knows such answers."""

    body: Any = None
    wrong: Any = None
    path: dict[str, str] = field(default_factory=dict)
    nobody: Any = None  # a body that names nobody, where nothing in the path does


MADE = {"redemption": "{made}"}
CALLS: dict[tuple[str, str], Call] = {
    ("GET", "/profiles"): Call(),
    ("POST", "/profiles"): Call(
        {"first_name": "New", "last_name": "One", "email": "new@example.org"}, wrong={"email": "new@example.org"}
    ),
    ("GET", "/profiles/{profile}"): Call(),
    ("PUT", "/profiles/{profile}"): Call({"company": "Acme"}, wrong={"email": "member02@example.com"}),
    ("DELETE", "/profiles/{profile}"): Call(),
    ("POST", "/profiles/search-id"): Call(
        {"type": "loyalty_card", "id": "LC000001"}, wrong={"type": "profile_id"}, nobody={"type": "x", "id": "y"}
    ),
    ("POST", "/profiles/availability"): Call({"email": "member01@example.com", "mobile_phone": "+61400000000"}),
    ("POST", "/profiles/merge"): Call(
        {"source_profile_id": "{second}", "destination_profile_id": PROFILE},
        wrong={"source_profile_id": PROFILE},
        nobody={"source_profile_id": NOBODY, "destination_profile_id": PROFILE},
    ),
    ("PUT", "/profiles/{profile}/update-type"): Call({"profile_type": "pending"}, wrong={"profile_type": "lost"}),
    ("POST", "/profiles/batch"): Call({"match_criteria": "email", "profiles": [{"email": "a@example.org"}]}, wrong={}),
    ("GET", "/benefits"): Call(),
    ("POST", "/benefits"): Call(BENEFIT, wrong={**BENEFIT, "issued_at": "tomorrow"}),
    ("GET", "/benefits/{benefit}"): Call(),
    ("PUT", "/benefits/{benefit}"): Call({"external_id": "x"}, wrong={"value": "much"}),
    ("DELETE", "/benefits/{benefit}"): Call(),
    ("POST", "/benefits/extend"): Call(
        {"profile_id": PROFILE, "ids": ["{extendable}"], "extend_days": 3},
        wrong={"profile_id": PROFILE, "ids": [1], "extend_days": 3, "extend_date": "2030-01-01"},
        nobody={"profile_id": NOBODY, "ids": [1], "extend_days": 3},
    ),
    ("GET", "/benefits.count"): Call(),
    ("POST", "/benefits/batch.json"): Call({"benefits": [BENEFIT]}, wrong={"benefits": []}),
    ("GET", "/benefits/definitions"): Call(),
    ("POST", "/benefits/definitions"): Call(
        {"name": "New", "handle": "new", "period": 7}, wrong={"name": "New", "handle": "welcome-offer", "period": 7}
    ),
    ("GET", "/benefits/definitions/{definition}"): Call(),
    ("PUT", "/benefits/definitions/{definition}"): Call({"period": 9}, wrong={"period": "long"}),
    ("DELETE", "/benefits/definitions/{definition}"): Call(path={"definition": "26"}),
    ("POST", "/benefits/definitions/{definition}/clone"): Call({"handle": "copy"}, wrong={"handle": "welcome-offer"}),
    ("GET", "/benefits/definitions/handle/{handle}"): Call(),
    ("GET", "/profiles/{profile}/benefits"): Call(),
    ("GET", "/profiles/{profile}/benefits/{benefit}"): Call(),
    ("PUT", "/profiles/{profile}/benefits/{benefit}"): Call({"meta": {"till": 4}}, wrong={"meta": "till"}),
    ("DELETE", "/profiles/{profile}/benefits/{benefit}"): Call(),
    ("GET", "/profiles/{profile}/benefits/claimable"): Call(),
    ("GET", "/profiles/{profile}/benefits/viewable"): Call(),
    ("GET", "/profiles/{profile}/redeemable_benefits"): Call(),
    ("POST", "/profiles/{profile}/benefits/claim"): Call(
        {"definition": "welcome-offer", "timezone": "UTC"}, wrong={"definition": "nothing", "timezone": "UTC"}
    ),
    ("POST", "/profiles/{profile}/benefits/claim-redeem"): Call(
        {"definition": "welcome-offer", "timezone": "UTC"}, wrong={"definition": "sold-out", "timezone": "UTC"}
    ),
    ("POST", "/profiles/{profile}/benefits/{benefit}/redeem"): Call({}, wrong={"count": 0}),
    ("GET", "/profiles/{profile}/redemptions"): Call(),
    ("GET", "/profiles/{profile}/redemptions/{redemption}"): Call(path=MADE),
    ("POST", "/profiles/{profile}/redeem"): Call({"amount": 1}, wrong={"amount": 10_000}),
    ("POST", "/redemptions/{redemption}/benefit/return"): Call({}, wrong={"count": 9}, path=MADE),
    ("POST", "/redemptions/{redemption}/return"): Call({}, wrong={"amount": -1}, path=MADE),
    ("POST", "/redemptions/{redemption}/reversal"): Call(wrong={}, path=MADE),
    ("GET", "/profiles/{profile}/balances"): Call(),
    ("GET", "/profiles/{profile}/tiers"): Call(),
    ("GET", "/profiles/{profile}/tiers/calculate"): Call(),
    ("POST", "/profiles/{profile}/tiers/assign"): Call({"tier": "gold"}, wrong={"tier": "tin"}),
    ("GET", "/profiles/{profile}/rewards"): Call(),
    ("GET", "/profiles/{profile}/rewards/{reward}"): Call(),
    ("GET", "/webhooks"): Call(),
    ("POST", "/webhooks"): Call(HOOK, wrong={"trigger": "benefit.created"}),
    ("GET", "/webhooks/{webhook}"): Call(),
    ("PUT", "/webhooks/{webhook}"): Call({"is_active": False}, wrong={"url": 7}),
    ("DELETE", "/webhooks/{webhook}"): Call(),
    ("GET", "/profiles/me"): Call(),
    ("PUT", "/profiles/me"): Call({"company": "Acme"}, wrong={"email": "member02@example.com"}),
    ("POST", "/auth/token"): Call(
        {"id": PROFILE}, wrong={"id": "LC9", "id_handle": "loyalty_card"}, nobody={"id": NOBODY}
    ),
}
FOUND = {
    "profile": PROFILE, "benefit": "1", "definition": "1", "handle": "welcome-offer", "redemption": "1",
    "reward": "1", "webhook": "1",
}  # fmt: skip
MISSING = {name: NOBODY if name == "profile" else "nothing" if name == "handle" else "999999" for name in FOUND}
ON_THE_ID_API = [path for path, methods in document()["paths"].items() if "servers" in methods]


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    """A seeded sandbox, its first member rich; every answer of it is held against the document."""
    async with open_stand(seeded=True) as opened:
        opened.give(PROFILE, reward_balance=50)
        yield opened


def test_every_operation_of_the_document_is_called() -> None:
    """A path that is added to the document needs a route and a line in this file."""
    assert set(operations()) == set(CALLS)


@pytest.mark.parametrize(("method", "path"), operations())
async def test_success_is_as_documented(stand: Stand, method: str, path: str) -> None:
    """An operation succeeds, with every key of its schema and no others; the referee looks at each answer."""
    call = CALLS[method, path]
    answer = await _ask(stand, method, path, call.body, FOUND | call.path)
    assert answer.is_success, answer.text
    assert hold(method, path, answer.status_code, answer.json() if answer.content else None) == path


@pytest.mark.parametrize(("method", "path"), operations())
async def test_a_bad_token_is_401(stand: Stand, method: str, path: str) -> None:
    """Whoever has no good token gets the one body of §2.1, whatever they ask."""
    root = "/id/api/v1" if path in ON_THE_ID_API else "/api/v3"
    for headers in ({}, {"authorization": "Bearer BAD-TOKEN"}, {"authorization": "Basic c2FuZGJveC10b2tlbg=="}):
        answer = await stand.http.request(method, root + path.format(**FOUND), headers=headers)
        assert (answer.status_code, answer.json()) == (401, {"message": "Unauthenticated."})


@pytest.mark.parametrize(("method", "path"), [each for each in operations() if "{" in each[1] or CALLS[each].nobody])
async def test_what_is_not_there_is_404(stand: Stand, method: str, path: str) -> None:
    """Whatever of the path names nothing makes it a 404."""
    call = CALLS[method, path]
    for name in [each for each in FOUND if f"{{{each}}}" in path]:
        answer = await _ask(stand, method, path, call.body, FOUND | {name: MISSING[name]})
        assert answer.status_code == 404, answer.text
    if call.nobody:
        answer = await _ask(stand, method, path, call.nobody, FOUND)
        assert answer.status_code == 404, answer.text


@pytest.mark.parametrize(("method", "path"), [each for each in operations() if CALLS[each].wrong is not None])
async def test_what_is_invalid_is_422(stand: Stand, method: str, path: str) -> None:
    """A body that breaks a rule is a 422 with a message, and where it is the body's fault, the fields."""
    call = CALLS[method, path]
    made = await _redemption(stand) if "{redemption}" in path else 0
    if path.endswith("reversal"):
        await stand.settings(clock="2030-01-01T00:00:00+00:00")
    answer = await _ask(stand, method, path, call.wrong, FOUND | call.path, made=made)
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("path", document()["paths"])
async def test_other_methods_are_refused(stand: Stand, path: str) -> None:
    """A method that neither the document nor the SDK knows is refused, and names nothing."""
    known = {method for method, each in CALLS if each == path}
    others = {method.upper() for method in METHODS} - known
    if path == "/profiles/me":  # DELETE is in the SDK, and purge beside it
        others -= {"DELETE"}
    for method in others:
        answer = await _ask(stand, method, path, {}, FOUND)
        assert answer.status_code in (404, 405), (method, answer.text)


async def _ask(
    stand: Stand, method: str, path: str, body: Any, names: dict[str, str], *, made: int | None = None
) -> Any:
    """Fill in what names things, and ask the API that the path is on."""
    if made is None:
        made = await _redemption(stand) if "{redemption}" in path else 0
    url = path.format(**names).replace("{made}", str(made))
    if isinstance(body, dict):
        second = (await stand.data("GET", "/profiles?page[size]=2"))[1]["id"]
        body = {name: second if value == "{second}" else value for name, value in body.items()}
        if body.get("ids") == ["{extendable}"]:
            kind = await stand.definition(is_extendable=True)
            body["ids"] = [(await stand.assign(PROFILE, kind))["id"]]
    if path not in ON_THE_ID_API:
        return await stand.ask(method, url, body)
    member = await stand.member(PROFILE)
    if path == "/auth/token":
        member.token = "sandbox-token"
    return await member.ask(method, url, body)


async def _redemption(stand: Stand) -> int:
    """Redeem a benefit and some money, and return the number of the redemption."""
    benefit = await stand.assign(PROFILE, await stand.definition())
    spent = {"amount": 5, "benefits": [{"id": benefit["id"], "quantity": 1}]}
    made: int = (await stand.data("POST", f"/profiles/{PROFILE}/redeem", spent))["id"]
    return made
