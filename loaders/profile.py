"""Profiles by id, by another name, the one who asks, and the tenant's list of them."""

from collections.abc import Awaitable, Sequence
from functools import partial

import omneo
from loaders.batching import IDS_PER_CALL, BatchLoader, each, each_or_none
from loaders.listing import Listing, whole_page

Failable = omneo.OmneoError


class OwnProfile(BatchLoader[str, omneo.Profile | None]):
    """Load the profile behind a member's token; its one key is "me". None for a token without a profile."""

    def __init__(self, client: omneo.Client) -> None:
        super().__init__()
        self._client = client

    async def fetch(self, keys: list[str]) -> Sequence[omneo.Profile | Failable | None]:
        [own] = await each_or_none(lambda _: omneo.fetch_own_profile(self._client), [omneo.ME])
        if not isinstance(own, Exception):
            self._client.upstream.accepted.note(self._client.credential)
        return [own for _ in keys]

    async def prove(self) -> None:
        """Have Omneo judge the token, unless it accepted it within the last minute; raises what it says of one it does
        not accept. A token without a profile is as good as any."""
        if not self._client.upstream.accepted.holds(self._client.credential):
            await self.load(omneo.ME)


class ProfileById(BatchLoader[str, omneo.Profile | None]):
    """Load profiles by id: those already seen in a list cost nothing, one alone is read by its id, several by one
    list call where the tenant honours the filter, else one call each.

    A profile the list lacks is asked for by its id before it counts as unknown, so up to 50 keys cost at most one call
    more than there are keys.
    A member has one profile, their own: any other id is answered by the same call, with None.
    """

    def __init__(self, client: omneo.Client, capabilities: omneo.Capabilities, own: OwnProfile | None) -> None:
        super().__init__()
        self._client = client
        self._capabilities = capabilities
        self._own = own
        self._seen: dict[str, omneo.Profile] = {}

    def note(self, profiles: Sequence[omneo.Profile]) -> None:
        """Remember profiles that came with something else."""
        self._seen.update((profile.id, profile) for profile in profiles)

    def fetch(self, keys: list[str]) -> Awaitable[Sequence[omneo.Profile | Failable | None]]:
        if self._own is not None:
            return self._only(self._own, keys)
        if self._seen or (len(keys) > 1 and self._capabilities.profiles_by_id):
            return self._unseen(keys)
        return each_or_none(self._read, keys)

    async def _only(self, own: OwnProfile, keys: list[str]) -> Sequence[omneo.Profile | None]:
        profile = await own.load(omneo.ME)
        return [profile if profile is not None and profile.id == key else None for key in keys]

    async def _unseen(self, keys: list[str]) -> Sequence[omneo.Profile | Failable | None]:
        """Ask for those that have not been seen yet, first by list calls where these are honoured."""
        unseen = [key for key in keys if key not in self._seen]
        if len(unseen) > 1 and self._capabilities.profiles_by_id:
            chunks = [unseen[start : start + IDS_PER_CALL] for start in range(0, len(unseen), IDS_PER_CALL)]
            for listed in await each(self._listed, map(tuple, chunks)):
                self.note([] if isinstance(listed, omneo.OmneoError) else listed)
            unseen = [key for key in keys if key not in self._seen]
        alone = dict(zip(unseen, await each_or_none(self._read, unseen), strict=True))
        return [self._seen[key] if key in self._seen else alone[key] for key in keys]

    def _read(self, key: str) -> Awaitable[omneo.Profile]:
        return omneo.fetch_profile(self._client, key)

    async def _listed(self, keys: Sequence[str]) -> list[omneo.Profile]:
        try:
            rows = await omneo.fetch_profiles(self._client, keys)
        except (omneo.Refused, omneo.Invalid):
            return []
        wanted = [profile for profile in rows if profile.id in set(keys)]
        if len(wanted) < len(rows):
            self._capabilities.distrust("profiles_by_id")
        return wanted


class ProfileByEmail(BatchLoader[str, omneo.Profile | None]):
    """Find profiles by e-mail address in lower case, one call each; None where no profile has it."""

    def __init__(self, client: omneo.Client, by_id: ProfileById) -> None:
        super().__init__()
        self._client = client
        self._by_id = by_id

    async def fetch(self, keys: list[str]) -> Sequence[omneo.Profile | Failable | None]:
        found = await each(partial(omneo.find_profile_by_email, self._client), keys)
        self._by_id.note([profile for profile in found if profile is not None and not isinstance(profile, Exception)])
        return found


class ProfileByIdentity(BatchLoader[tuple[str, str], omneo.Profile | None]):
    """Find profiles by (identity handle, identifier), one call each; None where no profile has it."""

    def __init__(self, client: omneo.Client, by_id: ProfileById) -> None:
        super().__init__()
        self._client = client
        self._by_id = by_id

    async def fetch(self, keys: list[tuple[str, str]]) -> Sequence[omneo.Profile | Failable | None]:
        found = await each(lambda key: omneo.find_profile_by_identity(self._client, *key), keys)
        self._by_id.note([profile for profile in found if profile is not None and not isinstance(profile, Exception)])
        return found


class Profiles(BatchLoader[tuple[omneo.Window, omneo.Filters], Listing[omneo.Profile]]):
    """Load windows of the tenant's list of profiles, one or two calls each."""

    def __init__(self, client: omneo.Client, by_id: ProfileById) -> None:
        super().__init__()
        self._client = client
        self._by_id = by_id

    def fetch(
        self, keys: list[tuple[omneo.Window, omneo.Filters]]
    ) -> Awaitable[Sequence[Listing[omneo.Profile] | Failable]]:
        return each(self._page, keys)

    async def _page(self, key: tuple[omneo.Window, omneo.Filters]) -> Listing[omneo.Profile]:
        window, filters = key
        page = await omneo.list_profiles(self._client, window, filters)
        self._by_id.note(page.rows)
        return whole_page(page, window)
