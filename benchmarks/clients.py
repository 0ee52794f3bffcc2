"""What impatient clients do: tap twice, give up early, ask the other gateway, and want one answer for one key."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from benchmarks.town import NoAnswer, Town

ASSIGN = """mutation($input: AssignBenefitInput!) { result: assignBenefit(input: $input) { __typename
    ... on BenefitAssigned { benefit { id } } ... on BenefitPending { operationId } } }"""
CLAIM = """mutation($input: ClaimBenefitInput!) { result: claimBenefit(input: $input) { __typename
    ... on BenefitClaimed { benefit { id } } ... on BenefitPending { operationId } } }"""
REDEEM = """mutation($input: RedeemBenefitInput!) { result: redeemBenefit(input: $input) { __typename
    ... on BenefitRedeemed { redemption { id } } ... on BenefitPending { operationId } } }"""
OPERATION = "query($id: ID!) { benefitOperation(id: $id) { state attempt } }"

TAPS = (1, 1, 1, 2, 3)  # how often a client taps at once
PATIENCE_S = (0.8, 3.0, 8.0, 8.0)  # after which a client hangs up and asks anew
ATTEMPTS = 80
MADE = {"BenefitAssigned": "benefit", "BenefitClaimed": "benefit", "BenefitRedeemed": "redemption"}


@dataclass
class Told:
    """Hold what all clients together were told."""

    answers: dict[str, set[str]] = field(default_factory=dict)  # key → what it is said to have made
    unanswered: list[str] = field(default_factory=list)
    lapsed: set[str] = field(default_factory=set)  # benefits that are said not to have been redeemed
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
        """Get one benefit under one key; one in ten then redeems it, under a key of its own."""
        profile = self._random.choice(self._profiles)
        if self._random.random() < 0.3:
            given = {"profileId": profile, "definition": {"handle": self._random.choice(self._claimable)}}
            made = await self._tap(CLAIM, key, given)
        else:
            given = {"profileId": profile, "definition": {"handle": self._random.choice(self._handles)}}
            made = await self._tap(ASSIGN, key, given)
        if made is not None and self._random.random() < 0.1:
            await self._tap(REDEEM, f"{key}-redeem", {"benefitId": made})
            if any(not answer.isdigit() for answer in self.told.answers[f"{key}-redeem"]):
                self.told.lapsed.add(made)

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
            made: str = result[MADE[kind]]["id"]
            return made
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
