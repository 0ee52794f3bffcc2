"""What a mutation says it costs at most is what it costs at most: refused, repeated, or with a lost answer."""

import re
from typing import Any

import pytest
from house import SERVICE, House, open_house
from test_examples import EXAMPLES, Example

from resolvers import (
    assign,
    assign_many,
    claim,
    claim_and_redeem,
    create_definition,
    extend,
    redeem,
    revoke,
    update_definition,
)

WORST = {
    "assignBenefit": assign.worst_case_calls,
    "assignBenefits": assign_many.worst_case_calls(1),
    "claimBenefit": claim.worst_case_calls,
    "claimAndRedeemBenefit": claim_and_redeem.worst_case_calls,
    "redeemBenefit": redeem.worst_case_calls,
    "extendBenefits": extend.worst_case_calls(1),
    "revokeBenefit": revoke.worst_case_calls,
    "createBenefitDefinition": create_definition.worst_case_calls,
    "updateBenefitDefinition": update_definition.worst_case_calls,
}
WRITES = {
    name: example
    for name, example in EXAMPLES.items()
    if re.search(r"^mutation\b", example.query, re.MULTILINE) and not example.faults
}
LOST = {"method": "POST", "path": "/*", "action": "status", "status": 502, "after": True, "times": 1}


@pytest.mark.parametrize("name", WRITES)
async def test_no_write_costs_more_than_it_says(name: str) -> None:
    """First attempts alone are counted so; what is read back or sent again is counted as repeated."""
    example = WRITES[name]
    async with open_house() as house:
        token = await house.member((await house.profile_ids(1))[0]) if example.is_member else SERVICE
        if example.first is not None:
            await house.data(EXAMPLES[example.first].query, token=token, **EXAMPLES[example.first].variables)
        for faults in ([], [LOST]):
            await house.faults(*faults)
            await house.calls()
            answer = await house.ask(example.query, token=token, **_under(example, f"{name}-{len(faults)}"))
            spent = answer["extensions"]["upstream"]
            assert spent["made"] <= WORST[_mutation(example)], answer
            assert spent["made"] + spent["retried"] == len(await house.calls())


def _under(example: Example, key: str) -> dict[str, Any]:
    """Ask for the same under another key, unless the key is the point."""
    given: dict[str, Any] = example.variables["input"]
    return {"input": given if example.refusal == "KeyReused" else given | {"idempotencyKey": key}}


def _mutation(example: Example) -> str:
    """Read which mutation an example asks for."""
    found = re.search(r"\{\s+(\w+)\(", example.query)
    assert found is not None
    return found[1]


def test_every_mutation_is_in_the_list() -> None:
    """A new one tells what it costs."""
    assert set(WORST) == {_mutation(example) for example in WRITES.values()}


async def test_a_repeat_makes_nothing(house: House) -> None:
    """It is answered from Omneo's record: the look-up of what is asked for, and read-backs."""
    example = WRITES["redeem_benefit"]
    await house.data(example.query, **example.variables)
    answer = await house.ask(example.query, **example.variables)
    spent = answer["extensions"]["upstream"]
    assert (spent["made"], spent["retried"]) == (1, 1)
