"""The codes a client can read: documented, each reached through the front door, and none but these."""

from house import House

from execution.limits import COUNTED
from schema.codes import CODES
from schema.errors import TABLE, UNFORESEEN
from scripts import docs


def test_printed_codes_are_current() -> None:
    """docs/errors.md is what `make docs` writes."""
    assert (docs.DOCS / "errors.md").read_text("utf-8") == docs.errors()


def test_every_code_of_the_tables_is_described() -> None:
    """A cause or a limit with a code nobody described fails the build."""
    used = {told.code for told in (*TABLE.values(), UNFORESEEN)}
    limits = {f"LIMIT_{name.upper()}" for name in COUNTED}
    assert used | limits <= CODES.keys()


async def test_errors_say_whether_to_repeat(house: House) -> None:
    """Every error, of a document as of a field, has a code and says whether the same request may fare better."""
    for query in ("{", "{ nope }", '{ profile(id: "..") { id } }', "{ a: me { id } " + "b: me { id } " * 200 + "}"):
        answer = await house.ask(query)
        assert all(error["extensions"]["retryable"] is False for error in answer["errors"]), query
    await house.faults({"path": "*", "action": "status", "status": 429, "retry_after": 60})
    answer = await house.ask("{ profiles { totalCount } }")
    assert answer["errors"][0]["extensions"] == {"code": "UPSTREAM_RATE_LIMITED", "retryable": True, "retryAfter": 60}
