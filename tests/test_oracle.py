"""The compiled engine against graphql-core's own, over the same data and the same faults (benchmarks/oracle.py)."""

import pytest
from msgspec import structs

from benchmarks.oracle import documents, open_oracle
from pace import COARSE, FINE


@pytest.mark.parametrize(("seed", "at_once"), [(1, FINE.records), (2, COARSE.records), (3, 1)])
async def test_both_engines_answer_every_document_alike(
    seed: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Data, errors, their codes, paths and places are the same, whatever Omneo answers, and into however many pieces
    the lists are cut."""
    for name, cut in (("FINE", FINE), ("COARSE", COARSE)):
        monkeypatch.setattr(f"pace.{name}", structs.replace(cut, records=at_once))
    async with open_oracle() as oracle:
        number = seed * 10_000
        for text in documents(170, seed):
            for _ in range(4):
                number += 1
                await oracle.check(text, number)
        assert oracle.seen["documents"] >= 650
        assert oracle.seen["GRAPHQL_VALIDATION_FAILED"] < 30
        assert oracle.seen["UPSTREAM_INVALID"] > 5
        assert "INTERNAL" not in oracle.seen
        assert oracle.differences == []


async def test_oracle_has_teeth() -> None:
    """An engine that forgot one error would be found out."""
    async with open_oracle() as oracle:
        stock_error = oracle.stock._public_error
        oracle.stock._public_error = lambda error: stock_error(error) | {"message": "another"}
        for number, text in enumerate(documents(40, 7)):
            await oracle.check(text, number)
        assert oracle.differences != []
