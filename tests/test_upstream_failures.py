"""An Omneo that fails: every way it can is a code, and nothing of it reaches the client."""

import json
from typing import Any

import pytest
from house import House, open_house
from lines import written

SECRET = "Traceback: password=hunter2 at db.internal"
QUERY = "query($id: ID!) { profile(id: $id) { id } }"


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"status": 401, "body": '{"message": "Unauthenticated."}'}, "UPSTREAM_UNAUTHENTICATED"),
        ({"status": 403, "body": '{"message": "' + SECRET + '"}'}, "FORBIDDEN"),
        ({"status": 422, "body": '{"message": "' + SECRET + '", "errors": {"x": ["y"]}}'}, "UPSTREAM_INVALID"),
        ({"status": 429, "body": "{}", "retry_after": 60}, "UPSTREAM_RATE_LIMITED"),
        ({"status": 500, "body": SECRET}, "UPSTREAM_UNAVAILABLE"),
        ({"status": 502, "body": f"<html>{SECRET}</html>"}, "UPSTREAM_UNAVAILABLE"),
        ({"status": 302, "body": ""}, "UPSTREAM_INVALID"),
        ({"status": 200, "body": f"<html>{SECRET}</html>"}, "UPSTREAM_INVALID"),
        ({"status": 200, "body": ""}, "UPSTREAM_INVALID"),
        ({"status": 200, "body": '{"data": {"id": "a", "ema'}, "UPSTREAM_INVALID"),
        ({"status": 200, "body": '{"data": null}'}, "UPSTREAM_INVALID"),
        ({"status": 200, "body": '{"data": {"id": {"a": 5}}}'}, "UPSTREAM_INVALID"),
        ({"status": 200, "body": '{"message": "what?"}'}, "UPSTREAM_INVALID"),
        ({"status": 204, "body": ""}, "UPSTREAM_INVALID"),
    ],
    ids=str,
)
async def test_failure_of_omneo_is_a_code(house: House, fault: dict[str, Any], code: str) -> None:
    """The client reads what to do; not a word of Omneo's."""
    profile_id = (await house.profile_ids(1))[0]
    await house.faults({"path": "*", "action": "status", **fault})
    answer = await house.ask(QUERY, id=profile_id)
    assert [error["extensions"]["code"] for error in answer["errors"]] == [code]
    assert answer["data"] == {"profile": None}
    assert "hunter2" not in str(answer)
    assert "127.0.0.1" not in str(answer)


@pytest.mark.parametrize("engine", ["compiled", "stock"])
async def test_a_value_that_no_type_holds_is_omneos_fault(engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The client sent nothing wrong, and does not read what Omneo did; nor does the log say it."""
    async with open_house(ENGINE=engine) as house:
        profile_id = (await house.profile_ids(1))[0]
        listed = await house.rest("GET", f"/profiles/{profile_id}/benefits")
        listed["data"][0]["redemptions_remaining"] = 99_999_999_999
        await house.faults({"path": "*/benefits", "action": "status", "status": 200, "body": json.dumps(listed)})
        query = "query($id: ID!) { profile(id: $id) { benefits(first: 1) { nodes { redemptionsRemaining } } } }"
        answer = await house.ask(query, id=profile_id)
    assert answer["data"] == {"profile": {"benefits": {"nodes": [{"redemptionsRemaining": None}]}}}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UPSTREAM_INVALID"]
    told = written(capsys)
    assert '"event":"omneo failed"' in told
    assert "99999999999" not in told + str(answer)


async def test_dropped_read_is_repeated(house: House) -> None:
    """A read whose connection broke is asked again, and the repeat is counted apart."""
    profile_id = (await house.profile_ids(1))[0]
    await house.faults({"path": "*", "action": "status", "status": 503, "times": 1})
    answer = await house.ask(QUERY, id=profile_id)
    assert answer["data"]["profile"] == {"id": profile_id}
    assert answer["extensions"]["upstream"]["made"] == 1
    assert answer["extensions"]["upstream"]["retried"] == 1


async def test_repeats_are_two_at_most(house: House) -> None:
    """However many calls fail, a request repeats two of them in all."""
    await house.faults({"path": "*/benefits", "action": "status", "status": 503})
    answer = await house.ask("{ profiles(first: 10) { nodes { benefits { totalCount } } } }")
    assert len(answer["errors"]) == 10
    assert len(await house.calls()) == 1 + 10 + 2


async def test_slow_omneo_is_given_up_at_the_deadline() -> None:
    """A request ends at its deadline, whatever Omneo does."""
    async with open_house(REQUEST_DEADLINE_S="0.3") as house:
        profile_id = (await house.profile_ids(1))[0]
        await house.faults({"path": "*", "action": "delay", "ms": 60_000})
        assert await house.codes(QUERY, id=profile_id) == ["UPSTREAM_TIMEOUT"]


async def test_garbage_of_one_call_is_not_the_others(house: House) -> None:
    """One unreadable answer is one null."""
    own = (await house.profile_ids(1))[0]
    await house.faults({"path": "*/claimable", "action": "garbage"})
    query = "{ me { id claimableBenefits { id } benefits { totalCount } } }"
    answer = await house.ask(query, token=await house.member(own))
    assert answer["data"]["me"] == {"id": own, "claimableBenefits": None, "benefits": {"totalCount": 10}}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UPSTREAM_INVALID"]


async def test_answers_and_logs_hold_no_token(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither the caller's token nor the tenant's, nor anybody's e-mail address, is in an error or a log line."""
    own = (await house.profile_ids(1))[0]
    token = await house.member(own)
    await house.faults({"path": "*", "action": "status", "status": 500, "body": SECRET})
    answers = [
        await house.ask("{ me { id } }", token=token),
        await house.ask('{ findProfile(by: {email: "secret.person@example.com"}) { id } }'),
    ]
    logged = written(capsys)
    for text in (str(answers), logged):
        for secret in (token, "sandbox-token", "sandbox-service-key", "secret.person", "hunter2"):
            assert secret not in text


async def test_unreadable_benefit_of_a_redemption_is_one_null(house: House) -> None:
    """What was redeemed is read where it is asked for; the redemption itself, and its neighbours, are there."""
    path = "/profiles/d4f398ee-4b5c-4a95-b3d9-18086edd77d8/redemptions"
    listed = await house.rest("GET", f"{path}?page[size]=2")
    listed["data"][0]["items"][0]["type_attributes"] = {"id": "no number"}
    await house.faults({"path": f"/api/v3{path}", "action": "status", "status": 200, "body": json.dumps(listed)})
    query = """{ profile(id: "d4f398ee-4b5c-4a95-b3d9-18086edd77d8") {
        redemptions(first: 2) { nodes { id items { benefit { id } } } }
    } }"""
    answer = await house.ask(query)
    broken, fine = answer["data"]["profile"]["redemptions"]["nodes"]
    assert broken["items"] == [{"benefit": None}]
    assert fine["items"][0]["benefit"]["id"]
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UPSTREAM_INVALID"]
