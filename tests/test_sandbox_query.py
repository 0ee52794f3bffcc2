"""Lists of the sandbox: filters, sorting and paging (API.md §3, §4)."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from sandbox_support import Stand, open_stand


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    """A sandbox with its seed: 60 profiles, 1,100 benefits."""
    async with open_stand(seeded=True) as opened:
        yield opened


@pytest.fixture
async def empty() -> AsyncIterator[Stand]:
    """An empty sandbox."""
    async with open_stand() as opened:
        yield opened


async def values(stand: Stand, path: str, query: str, name: str = "external_id") -> list[Any]:
    """List one field of what a query finds, in the order of the ids."""
    return [row[name] for row in await stand.data("GET", f"{path}?sort=id&page[size]=100&{query}")]


async def five(stand: Stand) -> None:
    """Assign benefits a to e, which differ in value, end and code; e ends soon, after its period."""
    profile = await stand.profile()
    kinds = [await stand.definition(type="gift", tags=["gold"]), await stand.definition(type="other", tags=["demo"])]
    for n, name in enumerate("abcde"):
        ends = None if n == 4 else f"2027-0{n + 1}-01 00:00:00"
        made = await stand.assign(profile, kinds[n % 2], external_id=name, value=n * 10, expires_at=ends)
        if n < 2:
            await stand.data("PUT", f"/benefits/{made['id']}", {"redeem_code_pos": f"POS-{n}"})


FILTERS = [
    ("filter[external_id]=c", "c"),
    ("filter[external_id]=C", "c"),  # MySQL compares without regard to case
    ("filter[external_id][eq]=c", "c"),
    ("filter[external_id][ne]=c", "abde"),
    ("filter[external_id][in]=a,c,zz", "ac"),
    ("filter[external_id][in]=zz", ""),
    ("filter[value][gt]=20", "de"),
    ("filter[value][gte]=20", "cde"),
    ("filter[value][lt]=10", "a"),
    ("filter[value][lte]=10", "ab"),
    ("filter[value][gte]=10&filter[value][lte]=20", "bc"),
    ("filter[value]=20", "c"),
    ("filter[expires_at][lt]=2027-03-01", "abe"),
    ("filter[expires_at][gte]=2027-03-01 00:00:00&filter[expires_at][lt]=2028", "cd"),
    ("filter[redeem_code_pos][nullable]=1", "cde"),
    ("filter[redeem_code_pos][nullable]=0", "ab"),
    ("filter[redeem_code_pos]=POS-1", "b"),
    ("filter[timezone]=UTC&filter[value]=30", "d"),
    ("filter[definition][type]=gift", "ace"),
    ("filter[definition.type]=gift", "ace"),
    ("filter[definition][type][ne]=gift", "bd"),
    ("filter[definition.type][in]=other,event", "bd"),
    ("filter[tags][handle]=demo", "bd"),
    ("filter[tags.handle][in]=demo,none", "bd"),
    ("tags[]=gold", "ace"),
    ("tags[]=gold&tags[]=demo", "abcde"),
    ("filter[benefit_definition_id]=1", "ace"),
    ("filter[benefit_definition_id][in]=2,7", "bd"),
    ("filter[benefit_definition_id]=one", ""),
    ("filter[colour]=red", "abcde"),
    ("filter[profile_id]=nobody", "abcde"),
    ("filter[id]=1", "abcde"),
    ("filter[]=1&filter=2&filter[[]]=3", "abcde"),
]


@pytest.mark.parametrize(("query", "found"), FILTERS)
async def test_filters_of_benefits(empty: Stand, query: str, found: str) -> None:
    """Every operator, both notations of related fields, several together; a filter nobody knows is ignored."""
    await five(empty)
    assert await values(empty, "/benefits", query) == list(found)


@pytest.mark.parametrize(
    ("path", "query", "field", "found"),
    [
        ("/profiles", "filter[email]=member03@example.com", "email", ["member03@example.com"]),
        ("/profiles", "filter[email][in]=MEMBER01@example.com,member02@example.com,x", "first_name", ["Ada", "Bruno"]),
        ("/profiles", "filter[identities][identifier]=LC000005", "email", ["member05@example.com"]),
        ("/profiles", "filter[identities.identifier][in]=LC000005,7000", "first_name", ["Ada", "Émile"]),
        ("/profiles", "filter[profile_type]=incomplete&filter[is_completed]=0", "email", None),
        ("/profiles", "filter[tags][handle]=vip&filter[statuses][handle]=staff-friend", "email", None),
        ("/profiles", "search=member07@", "email", ["member07@example.com"]),
        ("/profiles", "filter[search]=Brontë&filter[gender]=female", "last_name", None),
        ("/profiles", "search=100%25_", "email", []),
        ("/benefits/definitions", "filter[handle][in]=for-her,sold-out", "handle", ["for-her", "sold-out"]),
        ("/benefits/definitions", "filter[is_claimable]=0", "handle", ["staff-gesture", "two-years"]),
        ("/benefits/definitions", "filter[is_claimable]=false", "handle", ["staff-gesture", "two-years"]),
        ("/benefits/definitions", "filter[max_redemptions][nullable]=1", "handle", ["free-alterations"]),
        ("/benefits/definitions", "filter[period_type]=weeks", "handle", ["four-weeks"]),
        ("/identities", "filter[handle]=shopify&filter[identifier]=7000", "identifier", ["7000"]),
        ("/webhooks", "filter[is_active]=0", "namespace", ["pos"]),
    ],
)
async def test_filters_of_other_lists(stand: Stand, path: str, query: str, field: str, found: list[Any] | None) -> None:
    """The whitelists of §4.2; where the seed has many, at least one is found and not all."""
    rows = await stand.data("GET", f"{path}?page[size]=100&{query}")
    assert (sorted(row[field] for row in rows) == found) if found is not None else 0 < len(rows) < 60


async def test_profiles_by_id_in_one_call(stand: Stand) -> None:
    """`filter[id][in]` of profiles is whitelisted; ids that are nobody's are missing, and case does not matter."""
    ids = [row["id"] for row in await stand.data("GET", "/profiles?page[size]=3")]
    asked = ",".join([ids[2], "nobody", ids[0].upper()])
    assert set(await values(stand, "/profiles", f"filter[id][in]={asked}", "id")) == {ids[0], ids[2]}


@pytest.mark.parametrize("name", ["benefits.profile_id", "benefits.id", "definitions.id"])
async def test_filters_in_doubt_are_ignored_or_honoured(stand: Stand, name: str) -> None:
    """A setting decides; ignored means the whole list, as a real tenant may answer."""
    table, _, field = name.partition(".")
    path = "/benefits" if table == "benefits" else "/benefits/definitions"
    rows = await stand.data("GET", f"{path}?page[size]=5")
    wanted = [str(row[field]) for row in rows[1:3]]
    query = f"filter[{field}][in]={','.join(wanted)}&page[size]=1"
    whole = (await stand.ask("GET", path)).json()["meta"]["total"]
    assert (await stand.ask("GET", f"{path}?{query}")).json()["meta"]["total"] == whole
    await stand.settings(honour_filters=[name])
    found = await values(stand, path, query.removesuffix("&page[size]=1"), field)
    assert {str(each) for each in found} == set(wanted)
    assert await stand.data("GET", f"{path}?filter[{field}]=nothing") == []
    await stand.settings(honour_filters={name: False})
    assert (await stand.ask("GET", f"{path}?{query}")).json()["meta"]["total"] == whole


async def test_sorting(stand: Stand) -> None:
    """Up and down, ties by age in the same direction; a field that cannot be sorted by is ignored."""
    names = [row["handle"] for row in await stand.data("GET", "/benefits/definitions?page[size]=100")]
    assert names[0] == "welcome-offer"
    assert await values_of(stand, "sort=handle") == sorted(names)
    assert await values_of(stand, "sort=-handle") == sorted(names, reverse=True)
    assert await values_of(stand, "sort=-created_at") == names[::-1]
    for nonsense in ("sort=colour", "sort=", "sort=-", "sort=handle;drop", "sort=data"):
        assert await values_of(stand, nonsense) == names


async def values_of(stand: Stand, query: str) -> list[str]:
    """List the handles of the definitions in the order of a query."""
    return [row["handle"] for row in await stand.data("GET", f"/benefits/definitions?page[size]=100&{query}")]


async def test_the_first_page_is_fifteen(stand: Stand) -> None:
    """The default size, the links and the meta of Laravel's paginator."""
    page = (await stand.ask("GET", "/benefits/definitions")).json()
    base = "http://sandbox.test/api/v3/benefits/definitions"
    assert len(page["data"]) == 15
    assert page["links"] == {
        "first": f"{base}?page%5Bnumber%5D=1", "last": f"{base}?page%5Bnumber%5D=2", "prev": None,
        "next": f"{base}?page%5Bnumber%5D=2",
    }  # fmt: skip
    meta = page["meta"]
    assert [each["label"] for each in meta.pop("links")] == ["&laquo; Previous", "1", "2", "Next &raquo;"]
    assert meta == {
        "current_page": 1, "from": 1, "last_page": 2, "path": base, "per_page": 15, "to": 15, "total": 26,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "size", "first"),
    [
        ("page[size]=7&page[number]=2", 7, 8),
        ("per_page=7&page=2", 7, 8),
        ("limit=7&offset=3", 7, 4),
        ("page[size]=1000", 26, 1),
        ("page[size]=0", 1, 1),
        ("page[size]=-5&page[number]=-1", 15, 1),
        ("page[size]=ten&page[number]=two", 15, 1),
        ("page[size]=99999999999999999999&page[number]=1e9", 15, 1),
    ],
)
async def test_pages_in_every_form(stand: Stand, query: str, size: int, first: int) -> None:
    """Brackets, the 2018 form, offset and limit; nonsense counts as the default."""
    page = (await stand.ask("GET", f"/benefits/definitions?{query}")).json()
    assert (len(page["data"]), page["data"][0]["id"], page["meta"]["from"]) == (size, str(first), first)


async def test_sizes_are_clamped_and_meta_says_so(stand: Stand) -> None:
    """A hundred is the most, whatever is asked; a setting moves both numbers."""
    page = (await stand.ask("GET", "/benefits?page[size]=999")).json()
    assert (len(page["data"]), page["meta"]["per_page"]) == (100, 100)
    await stand.settings(page_size=2, page_max=3)
    assert len(await stand.data("GET", "/benefits")) == 2
    assert len(await stand.data("GET", "/benefits?page[size]=100")) == 3


async def test_beyond_the_last_page_there_is_nothing(stand: Stand) -> None:
    """A page out of range is empty, with null bounds, and no error."""
    for number in (3, 999_999_999):
        page = (await stand.ask("GET", f"/benefits/definitions?page[number]={number}")).json()
        assert (page["data"], page["meta"]["from"], page["meta"]["to"]) == ([], None, None)
        assert (page["meta"]["current_page"], page["meta"]["total"], page["links"]["next"]) == (number, 26, None)


async def test_an_empty_list_is_one_page(empty: Stand) -> None:
    """With the same keys as any."""
    page = (await empty.ask("GET", "/webhooks")).json()
    assert (page["data"], page["meta"]["last_page"], page["meta"]["total"]) == ([], 1, 0)


async def test_next_leads_through_everything_once(stand: Stand) -> None:
    """Following `links.next` keeps filters, size and order, and meets each row of a long list once."""
    profiles = await stand.data("GET", "/profiles?page[size]=100")
    (big,) = [row for row in profiles if row["benefit_balance"] > 500]
    zone = quote("Australia/Melbourne")
    url = f"/profiles/{big['id']}/benefits?sort=-issued_at&page[size]=100&filter[timezone]={zone}"
    seen: list[int] = []
    while url:
        page = (await stand.ask("GET", url)).json()
        seen += [row["id"] for row in page["data"]]
        parts = urlsplit(page["links"]["next"] or "")
        url = parts.path.removeprefix("/api/v3") + "?" + parts.query if parts.query else ""
        assert not url or parse_qs(parts.query)["filter[timezone]"] == ["Australia/Melbourne"]
    assert len(seen) == len(set(seen)) == page["meta"]["total"] > 200


async def test_what_is_not_paged_has_data_alone(stand: Stand) -> None:
    """Claimable, viewable, identities and the tiers' definitions have no links and no meta."""
    (profile,) = await stand.data("GET", "/profiles?page[size]=1")
    for path in ("benefits/claimable", "benefits/viewable", "identities", "attributes/dates"):
        assert set((await stand.ask("GET", f"/profiles/{profile['id']}/{path}?page[size]=1")).json()) == {"data"}
    assert len(await stand.data("GET", "/tiers/definitions")) == 4
