"""The custom scalars: how each is written, and how what a client sends is read."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import strawberry
from graphql import Undefined
from strawberry.scalars import JSON

_DECIMAL = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_DIGITS_BEFORE, _DIGITS_AFTER = 15, 10  # as many as any currency needs, and as few as every JSON parser keeps


def _moment(value: object) -> datetime:
    """Read an ISO 8601 moment; without an offset it names no moment, and is refused."""
    try:
        moment = datetime.fromisoformat(_text(value, "DateTime"))
    except ValueError:
        raise ValueError("A DateTime is an existing moment in ISO 8601, such as 2026-03-01T09:30:00+11:00.") from None
    if moment.tzinfo is None:
        raise ValueError("A DateTime needs an offset, such as 2026-03-01T09:30:00+11:00 or 2026-02-28T22:30:00Z.")
    return moment


def _day(value: object) -> date:
    try:
        return date.fromisoformat(_text(value, "Date"))
    except ValueError:
        raise ValueError("A Date is an existing day in ISO 8601, such as 2026-03-01.") from None


def _number(value: object) -> Decimal:
    if isinstance(value, bool) or not _DECIMAL.fullmatch(str(value)):
        raise ValueError('A Decimal is a number or a string that holds one, such as "12.50".')
    number = Decimal(str(value)).normalize()
    if number.adjusted() >= _DIGITS_BEFORE or -int(number.as_tuple().exponent) > _DIGITS_AFTER:
        raise ValueError(
            f"A Decimal has at most {_DIGITS_BEFORE} digits before the point, and {_DIGITS_AFTER} after it."
        )
    return number


def _text(value: object, scalar: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"A {scalar} is written as a string.")
    return value


def _as_given(value: Any) -> Any:
    """Read any value; of a variable that was not given, an object has no entry and a list has null, as GraphQL does of
    its own inputs."""
    if isinstance(value, dict):
        return {name: _as_given(each) for name, each in value.items() if each is not Undefined}
    if isinstance(value, list):
        return [None if each is Undefined else _as_given(each) for each in value]
    return value


def _written_decimal(value: Any) -> str:
    """Write 10.0 as 10 and 12.5 as 12.5: Omneo's numbers arrive as JSON numbers, without a scale."""
    text = format(Decimal(str(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


SCALARS: dict[object, Any] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment in ISO 8601 with its offset from UTC, such as `2026-03-01T09:30:00+11:00`.",
        specified_by_url="https://scalars.graphql.org/andimarek/date-time.html",
        serialize=datetime.isoformat,
        parse_value=_moment,
    ),
    date: strawberry.scalar(
        name="Date",
        description="A day of the calendar in ISO 8601, such as `1989-01-31`.",
        specified_by_url="https://scalars.graphql.org/andimarek/local-date.html",
        serialize=date.isoformat,
        parse_value=_day,
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description='An exact decimal number, written as a string such as `"12.5"`; a number is accepted as input.',
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259#section-6",
        serialize=_written_decimal,
        parse_value=_number,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON value, as it is stored: an object, a list, a string, a number, a boolean or null.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259",
        serialize=lambda value: value,
        parse_value=_as_given,
    ),
}
