"""Benefits in the sandbox: assigned, ended, extended, changed, counted (API.md §7.1, §9, §10)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sandbox_support import Stand, open_stand

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    """An empty sandbox on 15 June 2026 at noon, UTC."""
    async with open_stand(clock="2026-06-15T12:00:00+00:00") as opened:
        yield opened


async def test_assignment_asks_for_no_flag(stand: Stand) -> None:
    """A definition of nothing but name, handle and period can be assigned; one redemption is its default."""
    kind = await stand.data("POST", "/benefits/definitions", {"name": "N", "handle": "n", "period": 50})
    benefit = await stand.assign(await stand.profile(), kind, expires_at=None)
    assert (benefit["is_expired"], benefit["is_redeemable"], benefit["claimed_at"]) == (False, True, None)
    assert (benefit["redemptions_remaining"], benefit["total_global_redemptions_remaining"]) == (1, 1)
    assert benefit["definition"]["id"] == kind["id"] == "1"


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("2026-06-01 09:30:05", "2026-06-01 09:30:05"),
        ("2026-06-01", "2026-06-01 00:00:00"),
        ("2026-06-01T09:30:05", "2026-06-01 09:30:05"),
        ("2026-06-01T09:30:05Z", "2026-06-01 09:30:05"),
        ("2026-06-01T09:30:05.123+10:00", "2026-06-01 09:30:05"),
    ],
)
async def test_times_are_not_converted(stand: Stand, sent: str, stored: str) -> None:
    """A time comes back as its digits were sent, whatever the zone; a bare date is its midnight."""
    benefit = await stand.assign(
        await stand.profile(), await stand.definition(), issued_at=sent, expires_at=sent, timezone="Asia/Tokyo"
    )
    assert (benefit["issued_at"], benefit["expires_at"], benefit["timezone"]) == (stored, stored, "Asia/Tokyo")


PERIODS: list[tuple[dict[str, Any], str]] = [
    ({"period": 50}, "2021-04-24 23:59:59"),
    ({"period": 0}, "2021-03-05 23:59:59"),
    ({"period": 2, "period_type": "weeks"}, "2021-03-19 23:59:59"),
    ({"period": 11, "period_type": "months"}, "2022-02-05 23:59:59"),
    ({"period": 1, "period_type": "years"}, "2022-03-05 23:59:59"),
    ({"period": 1, "period_type": "absolute_date", "absolute_expiry": "2021-12-31"}, "2021-12-31 23:59:59"),
    ({"period": 1, "period_type": "absolute_week"}, "2021-03-07 23:59:59"),
    ({"period": 1, "period_type": "absolute_month"}, "2021-03-31 23:59:59"),
    ({"period": 36_500, "period_type": "years"}, "9999-12-31 23:59:59"),
]


@pytest.mark.parametrize(("fields", "ends"), PERIODS)
async def test_without_an_end_the_period_ends_it(stand: Stand, fields: dict[str, Any], ends: str) -> None:
    """The last second of the last day of the period, counted from the issue; the sample of §9 is the first line."""
    kind = await stand.definition(**fields)
    benefit = await stand.assign(await stand.profile(), kind, issued_at="2021-03-05 00:06:51", expires_at=None)
    assert benefit["expires_at"] == ends


async def test_a_month_later_exists(stand: Stand) -> None:
    """A month after 31 January is the last of February."""
    kind = await stand.definition(period=1, period_type="months")
    benefit = await stand.assign(await stand.profile(), kind, issued_at="2024-01-31 10:00:00", expires_at=None)
    assert benefit["expires_at"] == "2024-02-29 23:59:59"


@pytest.mark.parametrize(
    ("zone", "ends", "is_expired"),
    [
        ("UTC", "2026-06-15 12:00:00", False),  # the very second is still its own
        ("UTC", "2026-06-15 11:59:59", True),
        ("Australia/Melbourne", "2026-06-15 21:59:59", True),  # 22:00:00 there
        ("Australia/Melbourne", "2026-06-15 22:00:00", False),
        ("America/New_York", "2026-06-15 07:59:59", True),  # 08:00:00 there
        ("America/New_York", "2026-06-15 08:00:00", False),
        ("Moon/Tranquility", "2026-06-15 11:59:59", True),  # no such zone: UTC
        ("Australia/Melbourne", "2026-06-15", True),
        ("Australia/Melbourne", "2026-06-16", False),
        ("Pacific/Kiritimati", "2026-06-16", False),  # 02:00 on the 16th there, but the 15th by the date in UTC
        ("Pacific/Kiritimati", "2026-06-16 00:00:00", True),
    ],
)
async def test_a_benefit_ends_by_the_clock_of_its_zone(stand: Stand, zone: str, ends: str, is_expired: bool) -> None:
    """An end is wall time in the benefit's zone; a bare date lives until midnight in UTC where that is later."""
    profile = await stand.profile()
    benefit = await stand.assign(profile, await stand.definition(), timezone=zone, expires_at=ends)
    assert (benefit["is_expired"], benefit["is_redeemable"]) == (is_expired, not is_expired)
    answer = await stand.ask("POST", f"/profiles/{profile}/benefits/{benefit['id']}/redeem")
    assert answer.status_code == (422 if is_expired else 201)


async def test_time_passes(stand: Stand) -> None:
    """What is expired or redeemable follows the clock, on every read."""
    profile = await stand.profile()
    benefit = await stand.assign(profile, await stand.definition(), expires_at="2026-06-20 00:00:00")
    assert len(await stand.data("GET", f"/profiles/{profile}/redeemable_benefits")) == 1
    await stand.settings(clock="2026-06-20T00:00:01+00:00")
    read = await stand.data("GET", f"/benefits/{benefit['id']}")
    assert (read["is_expired"], read["is_redeemable"]) == (True, False)
    assert await stand.data("GET", f"/profiles/{profile}/redeemable_benefits") == []
    assert len(await stand.data("GET", f"/profiles/{profile}/benefits")) == 1


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"profile_id": NOBODY}, "profile_id"),
        ({"profile_id": ["x"]}, "profile_id"),
        ({"benefit_definition_id": "99"}, "benefit_definition_id"),
        ({"benefit_definition_id": "test-0"}, "benefit_definition_id"),  # a handle is for batches
        ({"issued_at": "soon"}, "issued_at"),
        ({"expires_at": "2026-02-30"}, "expires_at"),
        ({"timezone": None}, "timezone"),
        ({"value": "much"}, "value"),
        ({"meta": 7}, "meta"),
        ({"external_id": {}}, "external_id"),
    ],
)
async def test_an_assignment_that_makes_no_sense_is_refused(stand: Stand, fields: dict[str, Any], wrong: str) -> None:
    """The field at fault is named, and nothing is issued."""
    kind = await stand.definition()
    body = {"profile_id": await stand.profile(), "benefit_definition_id": kind["id"], "issued_at": "2026-06-01"}
    errors = await stand.errors("POST", "/benefits", body | {"timezone": "UTC"} | fields)
    assert set(errors) == {wrong}
    assert (await stand.data("GET", "/benefits.count"))["countAll"] == 0


async def test_a_deleted_profile_is_given_nothing(stand: Stand) -> None:
    """Who is deleted is nobody."""
    kind, profile = await stand.definition(), await stand.profile()
    await stand.data("DELETE", f"/profiles/{profile}")
    body = {"profile_id": profile, "benefit_definition_id": kind["id"], "issued_at": "2026-06-01", "timezone": "UTC"}
    assert set(await stand.errors("POST", "/benefits", body)) == {"profile_id"}


async def test_a_change_is_partial(stand: Stand) -> None:
    """What is sent changes, what is not stays; what may not be changed is ignored."""
    profile, kind = await stand.profile(), await stand.definition()
    benefit = await stand.assign(profile, kind, external_id="a", value=3)
    body = {"external_id": "b", "expires_at": "2027-01-01", "profile_id": NOBODY, "redemptions_remaining": 9}
    changed = await stand.data("PUT", f"/profiles/{profile}/benefits/{benefit['id']}", body)
    assert changed == benefit | {"external_id": "b", "expires_at": "2027-01-01 00:00:00"}
    assert await stand.data("GET", "/benefits?filter[external_id]=a") == []
    assert [each["id"] for each in await stand.data("GET", "/benefits?filter[external_id]=b")] == [benefit["id"]]
    assert set(await stand.errors("PUT", f"/benefits/{benefit['id']}", {"expires_at": "soon"})) == {"expires_at"}


async def test_extended_by_days_or_to_a_date(stand: Stand) -> None:
    """Days count from the end, also from one that is over; a date replaces it."""
    profile, kind = await stand.profile(), await stand.definition(is_extendable=True)
    benefit = await stand.assign(profile, kind, expires_at="2024-12-06", timezone="Australia/Melbourne")
    body = {"profile_id": profile, "ids": [benefit["id"]]}
    (longer,) = await stand.data("POST", "/benefits/extend", body | {"extend_days": 1})
    assert (longer["expires_at"], longer["extended_at"]) == ("2024-12-07 00:00:00", "2026-06-15 22:00:00")
    (later,) = await stand.data("POST", "/benefits/extend", body | {"extend_date": "2027-01-01 10:00:00"})
    assert (later["expires_at"], later["is_expired"]) == ("2027-01-01 10:00:00", False)


async def test_extension_is_for_all_or_none(stand: Stand) -> None:
    """One benefit that is not extendable, or somebody else's, and no other is extended."""
    profile, other = await stand.profile(), await stand.profile()
    kind, fixed = await stand.definition(is_extendable=True), await stand.definition()
    good, bad = await stand.assign(profile, kind), await stand.assign(profile, fixed)
    strange = await stand.assign(other, kind)
    body = {"profile_id": profile, "extend_days": 1}
    message = await stand.refused("POST", "/benefits/extend", body | {"ids": [good["id"], bad["id"]]})
    assert message == "The benefit is not extendable."
    await stand.refused("POST", "/benefits/extend", body | {"ids": [good["id"], strange["id"]]}, status=404)
    assert await stand.data("GET", f"/benefits/{good['id']}") == good
    for wrong in ({"extend_date": "2027-01-01"}, {"extend_days": None}, {"extend_days": 0}, {"extend_days": 10**12}):
        await stand.errors("POST", "/benefits/extend", body | {"ids": [good["id"]]} | wrong)


async def test_a_deleted_benefit_is_gone(stand: Stand) -> None:
    """Gone for reads, lists and redemptions; its definition can go when the last of its benefits is gone."""
    profile, kind = await stand.profile(), await stand.definition()
    benefit = await stand.assign(profile, kind)
    assert (
        await stand.refused("DELETE", f"/benefits/definitions/{kind['id']}") == "The benefit definition has benefits."
    )
    await stand.data("DELETE", f"/benefits/{benefit['id']}")
    for path in (f"/benefits/{benefit['id']}", f"/profiles/{profile}/benefits/{benefit['id']}"):
        message = await stand.refused("GET", path, status=404)
        assert message == f"No query results for model [App\\Models\\Benefit] {benefit['id']}"
    await stand.data("DELETE", f"/benefits/definitions/{kind['id']}")
    await stand.refused("GET", f"/benefits/definitions/{kind['id']}", status=404)


async def test_ids_are_not_used_again(stand: Stand) -> None:
    """The next benefit after a deleted one has another id."""
    profile, kind = await stand.profile(), await stand.definition()
    first = await stand.assign(profile, kind)
    await stand.data("DELETE", f"/benefits/{first['id']}")
    assert (await stand.assign(profile, kind))["id"] > first["id"]


async def test_somebody_elses_benefit_is_not_found(stand: Stand) -> None:
    """Below a profile there are only its own benefits."""
    profile, other = await stand.profile(), await stand.profile()
    benefit = await stand.assign(other, await stand.definition())
    path = f"/profiles/{profile}/benefits/{benefit['id']}"
    for method, url in (("GET", path), ("PUT", path), ("DELETE", path), ("POST", f"{path}/redeem")):
        await stand.refused(method, url, {"external_id": "x"}, status=404)


async def test_the_count_knows_what_was_redeemed(stand: Stand) -> None:
    """Benefits that were redeemed are counted once, however often they were."""
    profile, kind = await stand.profile(), await stand.definition(max_redemptions=3)
    first, _ = await stand.assign(profile, kind), await stand.assign(profile, kind)
    for _ in range(2):
        await stand.data("POST", f"/profiles/{profile}/benefits/{first['id']}/redeem")
    assert await stand.data("GET", "/benefits.count") == {"countAll": 2, "countRedeemed": 1}
