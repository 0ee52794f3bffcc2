"""docs/sandbox.md is true: its settings, actions and routes are all there are, and its seed answers as it says."""

import json
import re
import shlex
from pathlib import Path

import pytest
from house import SERVER, House

from sandbox import control
from sandbox.faults import ACTIONS
from sandbox.settings import Settings

PAGE = (Path(__file__).parent.parent / "docs" / "sandbox.md").read_text(encoding="utf-8")
CLAIM = """mutation($handle: String!, $key: String!) {
    claimBenefit(input: {definition: {handle: $handle}, idempotencyKey: $key}) { __typename }
}"""
ADA = "f38b2ffc-80a4-4f5a-91c9-bc701e7ea419"


def section(title: str) -> str:
    """Take what stands below a heading, up to the next one."""
    return re.split(r"^#", PAGE.split(f"# {title}\n")[1], flags=re.MULTILINE)[0]


def test_every_setting_is_told_with_its_default() -> None:
    told = dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", section("Settings"), re.MULTILINE))
    assert {name: json.loads(default) for name, default in told.items()} == Settings().as_json()


def test_every_action_is_told() -> None:
    assert tuple(re.findall(r"^\| `([\w-]+)` \|", section("Faults"), re.MULTILINE)) == ACTIONS


def test_every_route_is_told() -> None:
    told = set(re.findall(r"`/_sandbox(/\w+)` \|", section("Beside the API")))
    assert told == {route.path for route in control.routes}


async def test_claims_are_answered_as_told(house: House) -> None:
    """A handle, and after it a type; what is claimed twice is refused the second time."""
    rows = re.findall(r"^\| `([\w-]+)`([^|]*)\| `(\w+)` \|", section("The seed"), re.MULTILINE)
    assert len(rows) == 7
    token = await house.member(ADA)
    for handle, more, answer in rows:
        if "twice" in more:
            await house.data(CLAIM, token=token, handle=handle, key=f"{handle}-1")
        data = await house.data(CLAIM, token=token, handle=handle, key=f"{handle}-2")
        assert data["claimBenefit"]["__typename"] == answer, handle


async def test_seed_is_as_told(house: House) -> None:
    rows = (await house.rest("GET", "/profiles?page[size]=100&sort=created_at"))["data"]
    assert len(rows) == 60
    assert (rows[0]["id"], rows[0]["first_name"], rows[0]["email"]) == (ADA, "Ada", "member01@example.com")
    assert {each["identifier"] for each in rows[0]["identities"]} > {"LC000001"}
    kaia = next(row for row in rows if row["id"] == "d4f398ee-4b5c-4a95-b3d9-18086edd77d8")
    assert kaia["first_name"] == "Kaia"
    assert (await house.rest("GET", f"/profiles/{kaia['id']}/benefits?page[size]=1"))["meta"]["total"] == 510
    assert (await house.rest("GET", "/benefits/definitions?page[size]=1"))["meta"]["total"] == 26


@pytest.mark.parametrize("line", re.findall(r"^curl .*$", PAGE, re.MULTILINE))
async def test_curl_lines_work(house: House, line: str) -> None:
    """As they stand, but for the sandbox's address."""
    words = shlex.split(line)
    url = next(word for word in words if word.startswith("http"))
    body = words[words.index("-d") + 1] if "-d" in words else None
    method = "PUT" if "PUT" in words else "POST" if body else "GET"
    path = url.removeprefix("http://127.0.0.1:8001")
    answer = await house.omneo.request(method, path, content=body, headers=SERVER)
    assert answer.status_code in (200, 201)
    assert answer.json()["data"] is not None
