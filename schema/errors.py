"""One table from every cause below to what the client reads: a code, a sentence on what to do, whether to repeat."""

import math
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError

import omneo
import telemetry
import writes
from resolvers.access import Forbidden
from resolvers.inputs import BadCursor, BadInput
from resolvers.writing import WriteBusy, WriteLapsed
from schema.codes import extensions


@dataclass(frozen=True, slots=True)
class PublicError:
    """Say what a client is told of a cause. `message` None: the exception's own words were written for clients."""

    code: str
    message: str | None
    retryable: bool = False


class AnswerTooLarge(Exception):
    """Say that an operation would be answered with more objects than one may be, before they are made."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"The answer is too large: at most {most} objects. Ask for shorter pages, or for less below them."
        )


# The first entry whose class fits is used, so a class stands before its bases.
TABLE: dict[type[Exception], PublicError] = {
    BadCursor: PublicError("BAD_CURSOR", None),
    BadInput: PublicError("BAD_USER_INPUT", None),
    omneo.InvalidId: PublicError("BAD_USER_INPUT", None),
    Forbidden: PublicError("FORBIDDEN", None),
    AnswerTooLarge: PublicError("LIMIT_OBJECTS", None),
    WriteBusy: PublicError(
        "UPSTREAM_UNAVAILABLE",
        "Another request for the same benefit is not finished. Nothing was sent; repeat with the same idempotencyKey.",
        retryable=True,
    ),
    WriteLapsed: PublicError(
        "UPSTREAM_UNAVAILABLE",
        "The request was sent once, was not taken, and is not sent twice. To try again, use a new idempotencyKey.",
    ),
    writes.StateUnavailable: PublicError(
        "INTERNAL", "Writes cannot be kept safe now, so nothing was sent. Try again in a moment.", retryable=True
    ),
    omneo.BudgetSpent: PublicError(
        "UPSTREAM_BUDGET", "This query needed more calls to Omneo than were foreseen. Ask for less at once."
    ),
    omneo.TimedOut: PublicError("UPSTREAM_TIMEOUT", "Omneo did not answer in time. Try again.", retryable=True),
    omneo.Unavailable: PublicError(
        "UPSTREAM_UNAVAILABLE", "Omneo is not available. Try again in a moment.", retryable=True
    ),
    omneo.RateLimited: PublicError(
        "UPSTREAM_RATE_LIMITED", "Omneo takes no more calls for the moment. Try again later.", retryable=True
    ),
    omneo.Invalid: PublicError(
        "UPSTREAM_INVALID",
        "Omneo's answer could not be understood. Report it with the header x-request-id, if it stays.",
    ),
    omneo.MemberUnauthenticated: PublicError(
        "UNAUTHENTICATED", "The token is not accepted. Sign in again, or renew it, and repeat."
    ),
    omneo.Unauthenticated: PublicError(
        "UPSTREAM_UNAUTHENTICATED", "Omneo does not accept the gateway's credential. Tell whoever runs the gateway."
    ),
    omneo.Forbidden: PublicError(
        "FORBIDDEN", "Omneo does not allow this with the credential used. Ask with another, or leave the field out."
    ),
    omneo.NotFound: PublicError(
        "UPSTREAM_INVALID",
        "Omneo does not know what it named itself. Report it with the header x-request-id, if it stays.",
    ),
    omneo.Refused: PublicError("UPSTREAM_INVALID", "Omneo refused the gateway's question. Check the arguments."),
}

UNFORESEEN = PublicError("INTERNAL", "Something went wrong in the gateway. Quote the request id when you report it.")


def public_error(cause: Exception) -> PublicError:
    """Look up what a client is told of an exception raised by a resolver."""
    return next((entry for kind, entry in TABLE.items() if isinstance(cause, kind)), UNFORESEEN)


def formatted(error: GraphQLError) -> dict[str, Any]:
    """Write an error of an execution as the client reads it: message, locations, path, and extensions with a code.

    Errors that graphql-core itself raises while it coerces what the client sent keep their words; they point to a place
    in the document. Those of a value on its way out do not: Omneo sent what the type cannot hold.
    """
    cause = error.original_error
    answer: dict[str, Any] = dict(error.formatted)
    if isinstance(cause, GraphQLError) and not cause.nodes:
        cause = omneo.Invalid(landed=omneo.Landed.UNKNOWN, detail="a value its type cannot hold")
    if cause is None or isinstance(cause, GraphQLError):
        answer["extensions"] = extensions("BAD_USER_INPUT") | (answer.get("extensions") or {})
        return answer
    told = public_error(cause)
    answer["message"] = str(cause) if told.message is None else told.message
    answer["extensions"] = extensions(told.code, retryable=told.retryable, **_help(cause, told))
    return answer


def _help(cause: Exception, told: PublicError) -> dict[str, Any]:
    if told.code == "INTERNAL":
        return {"requestId": telemetry.request_id()}
    if isinstance(cause, omneo.RateLimited) and cause.retry_after_s is not None:
        return {"retryAfter": math.ceil(cause.retry_after_s)}
    return {}
