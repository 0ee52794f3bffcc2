"""What impatient clients do: tap twice, give up early, ask the other gateway, and want one answer for one key."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.town import NoAnswer, Town

ASSIGN = """mutation($input: AssignBenefitInput!) { result: assignBenefit(input: $input) { __typename
    ... on BenefitAssigned { benefit { id } } ... on BenefitPending { operationId } } }"""
CLAIM = """mutation($input: ClaimBenefitInput!) { result: claimBenefit(input: $input) { __typename
    ... on BenefitClaimed { benefit { id } } ... on BenefitPending { operationId } } }"""
REDEEM = """mutation($input: RedeemBenefitInput!) { result: redeemBenefit(input: $input) { __typename
    ... on BenefitRedeemed { redemption { id } } ... on BenefitPending { operationId } } }"""
EXTEND = """mutation($input: ExtendBenefitsInput!) { result: extendBenefits(input: $input) { __typename
    ... on BenefitsExtended { benefits { id } } ... on BenefitPending { operationId } } }"""
REVOKE = """mutation($input: RevokeBenefitInput!) { result: revokeBenefit(input: $input) { __typename
    ... on BenefitRevoked { benefitId } ... on BenefitPending { operationId } } }"""
OPERATION = "query($id: ID!) { benefitOperation(id: $id) { state attempt } }"

TAPS = (1, 1, 1, 2, 3)  # how often a client taps at once
PATIENCE_S = (0.8, 3.0, 8.0, 8.0)  # after which a client hangs up and asks anew
ATTEMPTS = 80
ENDS = "2040-01-01 00:00:00"  # what is going to be extended ends so, in UTC, and then
EXTENDED = "2040-01-08 00:00:00"
NEXT = {
    "nothing": 80,
    "redeem": 10,
    "extend": 5,
    "revoke": 5,
}  # times in a hundred, with a benefit

MADE: dict[str, Callable[[Any], str]] = {
    "BenefitAssigned": lambda result: result["benefit"]["id"],
    "BenefitClaimed": lambda result: result["benefit"]["id"],
    "BenefitRedeemed": lambda result: result["redemption"]["id"],
    "BenefitsExtended": lambda result: result["benefits"][0]["id"],
    "BenefitRevoked": lambda result: result["benefitId"],
}


@dataclass
class Told:
    """Hold what all clients together were told."""

    answers: dict[str, set[str]] = field(default_factory=dict)  # key → what it is said to have made
    unanswered: list[str] = field(default_factory=list)
    done_next: list[tuple[str, int, str]] = field(default_factory=list)  # what, with which benefit, under which key
    outcomes: Counter[str] = field(default_factory=Counter)
    pending_s: list[float] = field(default_factory=list)  # from the first answer that said so to one that did not


class Clients:
    """Play clients against a town; the same seed plays the same wishes."""

    def __init__(self, town: Town, profiles: list[str], handles: list[str], claimable: list[str], seed: int) -> None:
        self.told = Told()
        self._town = town
        self._profiles = profiles
        self._handles = handles
        self._claimable = claimable
        self._random = random.Random(seed)  # noqa: S311 - a load, not a secret

    async def wish(self, key: str) -> None:
        """Get one benefit under one key; one in five is then used, extended or taken away, under a key of its own."""
        then = self._random.choices([*NEXT], [*NEXT.values()])[0]
        profile = self._random.choice(self._profiles)
        if then == "extend":
            end = {"expiresAt": f"{ENDS.replace(' ', 'T')}Z", "timezone": "UTC"}
            made = await self._tap(ASSIGN, key, _given(profile, "extendable-pass") | end)
        elif self._random.random() < 0.3:
            made = await self._tap(CLAIM, key, _given(profile, self._random.choice(self._claimable)))
        else:
            made = await self._tap(ASSIGN, key, _given(profile, self._random.choice(self._handles)))
        if made is None or then == "nothing":
            return
        self.told.done_next.append((then, int(made), f"{key}-{then}"))
        if then == "redeem":
            await self._tap(REDEEM, f"{key}-redeem", {"benefitId": made})
        elif then == "revoke":
            await self._tap(REVOKE, f"{key}-revoke", {"benefitId": made})
        else:
            wanted = {"profileId": profile, "benefitIds": [made], "extension": {"days": 7}}
            await self._tap(EXTEND, f"{key}-extend", wanted)

    async def _tap(self, query: str, key: str, given: dict[str, Any]) -> str | None:
        """Tap, perhaps more than once at the same time, until there is an answer to each tap."""
        asked = given | {"idempotencyKey": key}
        taps = (self._until_answered(query, key, asked) for _ in range(self._random.choice(TAPS)))
        answers = self.told.answers.setdefault(key, set())
        for answer in await asyncio.gather(*taps):
            if answer is None:
                self.told.unanswered.append(key)
            else:
                answers.add(answer)
        return next((each for each in answers if each.isdigit()), None)

    async def _until_answered(self, query: str, key: str, asked: dict[str, Any]) -> str | None:
        for _ in range(ATTEMPTS):
            try:
                answer = await self._town.ask(
                    self._random.randrange(2), query, self._random.choice(PATIENCE_S), input=asked
                )
            except NoAnswer:
                self.told.outcomes["no answer"] += 1
                await asyncio.sleep(self._random.uniform(0.05, 0.3))
                continue
            settled = await self._read(answer)
            if settled is not None:
                return settled
            await asyncio.sleep(self._random.uniform(0.05, 0.4))
        return None

    async def _read(self, answer: dict[str, Any]) -> str | None:
        """Tell what an answer settles: the id of what was made, the word for a refusal, None for nothing yet."""
        if "errors" in answer:
            extensions = answer["errors"][0]["extensions"]
            self.told.outcomes[extensions["code"]] += 1
            return None if extensions["retryable"] else f"error {extensions['code']}"
        result = answer["data"]["result"]
        kind: str = result["__typename"]
        self.told.outcomes[kind] += 1
        if kind in MADE:
            return MADE[kind](result)
        if kind == "BenefitPending":
            await self._follow(result["operationId"])
            return None
        return f"refused {kind}"

    async def _follow(self, operation_id: str) -> None:
        """Ask what became of it until that is known, at whichever gateway lives; another tap may try anew meanwhile."""
        loop = asyncio.get_running_loop()
        began, first = loop.time(), None
        while True:
            try:
                answer = await self._town.ask(self._random.randrange(2), OPERATION, 2.0, id=operation_id)
            except NoAnswer:
                answer = {}
            operation = (answer.get("data") or {}).get("benefitOperation")
            if operation is not None:
                first = first or operation["attempt"]
                if operation["state"] != "PENDING" or operation["attempt"] != first:
                    break
            await asyncio.sleep(0.1)
        self.told.pending_s.append(loop.time() - began)


def _given(profile: str, handle: str) -> dict[str, Any]:
    return {"profileId": profile, "definition": {"handle": handle}}
