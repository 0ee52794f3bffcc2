"""Redeeming: Omneo keeps no reference of the caller's on it, so it is recognised by what changed (API.md §7.4)."""

import asyncio
from collections import Counter
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

import omneo
from telemetry import Trace
from writes.intents import Intent
from writes.outcomes import Kind
from writes.reading import by_operation, held, of_profile

_LATEST = 20  # redemptions of one profile that may share the second of the newest


class Redeeming(msgspec.Struct, frozen=True, kw_only=True):
    """Note what is redeemed and how things stood before: `latest` is the newest redemption's id, 0 for none."""

    count: int
    remaining: int | None = None
    latest: int = 0

    def note(self) -> str:
        """Write it into an intent."""
        return msgspec.json.encode(self).decode()


_noted = msgspec.json.Decoder(Redeeming).decode


@dataclass(frozen=True)
class ClaimedAndRedeemed:
    """Hold what a claim with redemption made. `redemption` is None where Omneo shows the benefit alone."""

    benefit: omneo.Benefit
    redemption: omneo.Redemption | None


def redeem_kind(upstream: omneo.Upstream) -> Kind[omneo.Redemption]:
    """Describe the redemption of `intent.target`, a benefit. Never sent twice: a second one would use up another.

    While the intent is open nobody else redeems this benefit through the gateway, so a redemption of it that is newer
    than those noted before, for as many, is ours. One made elsewhere in that very moment cannot be told from ours.
    """

    async def prepare(intent: Intent, trace: Trace) -> str:
        client = upstream.as_service(trace)
        benefit, newest = await asyncio.gather(
            held(client, intent.profile_id, int(intent.target)),
            omneo.newest_redemptions(client, intent.profile_id, _LATEST),
        )
        before = _noted(intent.note)
        latest = max((redemption.id for redemption in newest), default=0)
        return replace(before, remaining=benefit.redemptions_remaining, latest=latest).note()

    async def find(intent: Intent, trace: Trace) -> omneo.Redemption | None:
        client = upstream.as_service(trace)
        if intent.reference:
            return await _by_reference(client, intent.profile_id, int(intent.reference))
        before, benefit_id = _noted(intent.note), int(intent.target)
        listed = omneo.newest_redemptions(client, intent.profile_id, client.page_max)
        newest = await of_profile(client, intent.profile_id, listed) or []
        later = [each for each in newest if each.id > before.latest and benefit_id in _redeemed(each)]
        ours = [each for each in later if each.type == "redeem" and _redeemed(each)[benefit_id] == before.count]
        if not ours and not later and await _has_fallen(client, intent, before):
            # Used up, and not by anything on the list: it may be ours, and the list late.
            raise omneo.Invalid(detail="fewer redemptions remain, and none is listed")
        return min(ours, key=lambda each: each.id, default=None)

    return Kind(
        operation="redeem",
        find=find,
        reference=lambda redemption: str(redemption.id),
        prepare=prepare,
        resend=False,
    )


def claim_and_redeem_kind(upstream: omneo.Upstream) -> Kind[ClaimedAndRedeemed]:
    """Describe a claim that redeems at once: found by the benefit's external id, as a claim is."""

    async def find(intent: Intent, trace: Trace) -> ClaimedAndRedeemed | None:
        client = upstream.as_service(trace)
        if intent.reference:
            try:
                benefit: omneo.Benefit | None = await held(client, intent.profile_id, int(intent.reference))
            except omneo.NotFound:
                return None
        else:
            benefit = await by_operation(client, intent)
        if benefit is None:
            return None
        newest = await omneo.newest_redemptions(client, intent.profile_id, client.page_max)
        of_it = [each for each in newest if each.type == "redeem" and benefit.id in _redeemed(each)]
        return ClaimedAndRedeemed(benefit, min(of_it, key=lambda each: each.id, default=None))

    return Kind(operation="claim-redeem", find=find, reference=lambda made: str(made.benefit.id))


def claimed_and_redeemed(redemption: omneo.Redemption) -> ClaimedAndRedeemed:
    """Read the benefit off a redemption. Where Omneo left it out `Invalid` is raised, and both are read back."""
    for item in redemption.items:
        if item.benefit is not None:
            return ClaimedAndRedeemed(item.benefit, redemption)
    raise omneo.Invalid(landed=omneo.Landed.UNKNOWN, detail="a redemption without its benefit")


def _redeemed(redemption: omneo.Redemption) -> dict[int, int]:
    """Tell which benefits a redemption used, and how often each."""
    used: Counter[int] = Counter()
    for item in redemption.items:
        if item.benefit is not None:
            used[item.benefit.id] += 1 if item.count is None else item.count
    return used


async def _has_fallen(client: omneo.Client, intent: Intent, before: Redeeming) -> bool:
    if before.remaining is None:
        return False
    try:
        benefit = await held(client, intent.profile_id, int(intent.target))
    except omneo.NotFound:
        return False
    return benefit.redemptions_remaining is not None and benefit.redemptions_remaining < before.remaining


async def _by_reference(client: omneo.Client, profile_id: str, redemption_id: int) -> omneo.Redemption | None:
    try:
        return await omneo.fetch_redemption(client, profile_id, redemption_id)
    except omneo.NotFound:
        return None
