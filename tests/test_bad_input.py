"""Input that cannot be right: told so by a code, before Omneo is asked, as a service and as a member."""

from typing import Any

import pytest
from house import House

ADA = "f38b2ffc-80a4-4f5a-91c9-bc701e7ea419"
NUL = "a\x00b"
HANDLES = ["", ".", "..", "../x", "a/b", "a?b", "a#b", "a%2fb", "a b", " a", "a\n", NUL, "ü", "a" * 129]
NUMBERS = ["", "x", "-1", "1.0", "1e3", "٣", " 1", "1\n", "1/../2", "1?x", "1%2f", NUL, "9" * 20]
UUIDS = ["", "x", "me", ADA[:-1], ADA + "/..", ADA + "?x", ADA + "%2f", ADA + "\n", "{" + ADA + "}", NUL]
REFERENCES = ["", " x", "x ", "a\nb", NUL, "x" * 256]

LOOKUPS: dict[str, list[Any]] = {
    "query($x: ID!) { profile(id: $x) { id } }": UUIDS,
    "query($x: ID!) { benefit(id: $x) { id } }": NUMBERS,
    "query($x: ID!) { benefitDefinition(by: {id: $x}) { id } }": NUMBERS,
    "query($x: String!) { benefitDefinition(by: {handle: $x}) { id } }": HANDLES,
    "query($x: [String!]) { benefitDefinitions(filter: {handles: $x}) { totalCount } }": [
        *([each] for each in HANDLES),
        ["a,b"],
        [],
        [f"h{n}" for n in range(51)],
    ],
    "query($x: String) { benefitDefinitions(filter: {campaign: $x}) { totalCount } }": REFERENCES,
}
FOR_SERVICES: dict[str, list[Any]] = {
    'query($x: String!) { findProfile(by: {identity: {handle: $x, identifier: "1"}}) { id } }': HANDLES,
    'query($x: String!) { findProfile(by: {identity: {handle: "card", identifier: $x}}) { id } }': ["", "  ", NUL],
    "query($x: String!) { findProfile(by: {email: $x}) { id } }": ["", "@", "ada", "a@b\n@c", NUL, "a@" + "b" * 260],
    "query($x: String) { profiles(filter: {email: $x}) { totalCount } }": ["", "ada", NUL],
    "query($x: String) { profiles(filter: {tag: $x}) { totalCount } }": HANDLES,
    "query($x: String) { profiles(filter: {status: $x}) { totalCount } }": HANDLES,
    "query($x: ID) { benefits(filter: {definitionId: $x}) { totalCount } }": NUMBERS,
    "query($x: String) { benefits(filter: {externalId: $x}) { totalCount } }": REFERENCES,
    "query($x: [String!]) { benefits(filter: {tags: $x}) { totalCount } }": [*([each] for each in HANDLES), []],
}
ASSIGN = """mutation($who: ID!, $timezone: String, $value: Decimal, $issuedAt: DateTime, $key: String! = "k") {
    assignBenefit(input: {
        profileId: $who, definition: {id: "1"}, idempotencyKey: $key
        timezone: $timezone, value: $value, issuedAt: $issuedAt
    }) { ... on BenefitAssigned { benefit { issuedAt timezone value } } }
}"""
DATES = [
    "", "now", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T25:00:00Z", "2026-06-30T23:59:60Z",
    "2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00:00+99:00", "٢٠٢٦-01-01T00:00:00Z", 1767225600, True,
]  # fmt: skip
ZONES = [
    "",
    "Mars/Olympus",
    "localtime",
    "Factory",
    "../../etc/passwd",
    "Australia/Melbourne\n",
    "australia/perth",
    NUL,
]
DECIMALS = ["", "abc", "NaN", "Infinity", "1e400", "1e-400", "1" * 16, "0.12345678901", "1_000", "٣", " 1", True, 1e300]
WRITES = [("issuedAt", DATES), ("timezone", ZONES), ("value", DECIMALS), ("key", ["", "a b", "ü", NUL, "x" * 256])]


@pytest.mark.parametrize("query", LOOKUPS | FOR_SERVICES)
async def test_look_up_that_cannot_be_is_refused_without_a_call(house: House, query: str) -> None:
    """The same for both callers where both may ask."""
    tokens = {} if query in FOR_SERVICES else {"token": await house.member(ADA)}
    await house.calls()
    for value in (LOOKUPS | FOR_SERVICES)[query]:
        assert await house.codes(query, x=value) == ["BAD_USER_INPUT"], value
        if tokens:
            assert await house.codes(query, **tokens, x=value) == ["BAD_USER_INPUT"], value
    assert await house.calls() == []


@pytest.mark.parametrize(("name", "values"), WRITES, ids=[name for name, _ in WRITES])
async def test_write_that_cannot_be_is_refused_without_a_call(house: House, name: str, values: list[Any]) -> None:
    for value in values:
        variables: dict[str, Any] = {"who": ADA, name: value}
        assert await house.codes(ASSIGN, **variables) == ["BAD_USER_INPUT"], value
    assert await house.calls() == []


@pytest.mark.parametrize("name", ["issuedAfter", "issuedBefore", "expiresAfter", "expiresBefore"])
async def test_date_that_does_not_exist_filters_nothing(house: House, name: str) -> None:
    query = f"query($x: DateTime) {{ benefits(filter: {{{name}: $x}}) {{ totalCount }} }}"
    for value in DATES:
        assert await house.codes(query, x=value) == ["BAD_USER_INPUT"], value
    assert await house.calls() == []


ENDS = ["0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00"]


@pytest.mark.parametrize("end", ENDS)
async def test_ends_of_the_calendar_are_moments_like_any_other(house: House, end: str) -> None:
    """Retailers write 9999 for never; what lies outside the calendar in another zone is its end there."""
    for name in ("issuedAfter", "issuedBefore", "expiresAfter", "expiresBefore"):
        data = await house.data(
            f"query($x: DateTime) {{ benefits(first: 5, filter: {{{name}: $x}}) {{ nodes {{ id }} }} }}", x=end
        )
        # All have been issued and most end some day: after the first moment, and before the last one.
        is_all = name.endswith("After") is end.startswith("0001")
        assert bool(data["benefits"]["nodes"]) is (is_all or name == "expiresAfter"), name
    for name in ("joinedAfter", "createdBefore", "updatedAfter"):
        await house.data(f"query($x: DateTime) {{ profiles(filter: {{{name}: $x}}) {{ totalCount }} }}", x=end)
    await house.calls()
    for zone in ("Pacific/Auckland", "America/New_York"):
        answer = await house.ask(ASSIGN, who=ADA, issuedAt=end, timezone=zone, key=f"{zone}{end}")
        assert [error["extensions"]["code"] for error in answer.get("errors", ())] == []


async def test_decimal_is_taken_however_it_is_written(house: House) -> None:
    for value, read in [
        ("999999999999999", None),
        ("0.1", None),
        (-5, "-5"),
        (12.50, "12.5"),
        ("1e3", "1000"),
        ("-0.0", "0"),
    ]:
        data = await house.data(ASSIGN, who=ADA, value=value, key=f"v{value}")
        assert data["assignBenefit"]["benefit"]["value"] == (read or value)


async def test_neighbours_of_bad_input_are_answered(house: House) -> None:
    """One bad argument is one null."""
    answer = await house.ask(
        """query($id: ID!) { profile(id: $id) {
            id benefits(first: 0) { totalCount } redemptions(after: "x") { totalCount }
        } }""",
        id=ADA,
    )
    assert answer["data"]["profile"] == {"id": ADA, "benefits": None, "redemptions": None}
    assert sorted(error["extensions"]["code"] for error in answer["errors"]) == ["BAD_CURSOR", "BAD_USER_INPUT"]
