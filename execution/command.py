"""`python gateway.py price FILE`: what a document costs, before it is ever run; with `--max`, a gate for a CI."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from execution.execute import Engine, Operation, Refused, Request
from execution.price import Price
from loaders.prices import Terms

OVER, WRONG = 1, 2  # exit codes


def price_command(engine: Engine, arguments: list[str]) -> int:
    """Print the price of every operation of a document. Returns 0; 1 when one is above `--max`; 2 for bad input."""
    given = _parser().parse_args(arguments)
    terms = Terms(
        is_member=given.caller == "member",
        page_max=given.page_max,
        profiles_by_id=given.batch == "filter",
        benefits_by_profile=given.batch == "filter",
    )
    try:
        text = sys.stdin.read() if given.file == "-" else Path(given.file).read_text("utf-8")
        operations = _operations(engine, text, given.operation, given.variables)
    except (OSError, UnicodeError):
        return _wrong(f"{given.file} cannot be read")
    except Refused as refused:
        return _wrong(*(error["message"] for error in refused.answer.errors))
    prices = [(operation.name, operation.price(terms)) for operation in operations]
    for name, price in prices:
        sys.stdout.write(_told(name, price))
    over = [
        f"{name or 'the query'} costs {price.total}"
        for name, price in prices
        if given.max is not None and price.total > given.max
    ]
    for each in over:
        sys.stderr.write(f"{each}; at most {given.max} are allowed\n")
    return OVER if over else 0


def _operations(engine: Engine, text: str, name: str | None, variables: dict[str, Any]) -> list[Operation]:
    names = [name] if name is not None else engine.operation_names(text)
    return [engine.prepare(Request(text, variables, each)) for each in names]


def _told(name: str | None, price: Price) -> str:
    lines = [f"{name or 'anonymous'}: {price.total} call{'s' * (price.total != 1)} to Omneo at most"]
    lines += [f"  {count:5}  {route}" for route, count in sorted(price.routes.items())]
    width = max((len(each.path) for each in price.places), default=0)
    for each in price.places:
        window = f", pages of {each.ask.first}" if each.ask.first > 1 else ""
        lines.append(f"         at {each.path:{width}}  {each.loader} × {each.ask.keys}{window}")
    return "\n".join(lines) + "\n"


def _wrong(*messages: str) -> int:
    for message in messages:
        sys.stderr.write(f"{message}\n")
    return WRONG


def _variables(text: str) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("gateway.py price", description=__doc__)
    parser.add_argument("file", metavar="FILE", help="a GraphQL document; - reads standard input")
    parser.add_argument("--operation", metavar="NAME", help="price this operation alone")
    parser.add_argument("--variables", type=_variables, default={}, metavar="JSON", help="what it is to run with")
    parser.add_argument("--caller", choices=("service", "member"), default="service", help="for whom (service)")
    parser.add_argument("--batch", choices=("fanout", "filter"), default="fanout", help="how lists are read (fanout)")
    parser.add_argument("--page-max", type=int, default=100, metavar="N", help="rows of Omneo's largest page (100)")
    parser.add_argument("--max", type=int, metavar="N", help="exit with 1 when an operation costs more")
    return parser
