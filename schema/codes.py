"""Every `extensions.code` a client can read: what happened, under which HTTP status, and what to do about it."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Code:
    """Describe one code. `status` is the HTTP status when the whole request is refused with it; None for the errors
    of single fields, which come beside data with 200. `retryable`: the same request may be answered differently."""

    status: int | None
    when: str
    advice: str
    retryable: bool = False


_NARROW = "Ask for less at once, or in several requests."

CODES: dict[str, Code] = {
    # The request as HTTP.
    "BAD_REQUEST": Code(400, "The request is not one GraphQL request over HTTP.", "Send what the message asks for."),
    "UNAUTHENTICATED": Code(
        401,
        "There is no credential, or it does not hold: as a whole (401), or Omneo did not accept a member's token.",
        "Sign in again, or renew the token, and repeat; where `retryable`, its issuer cannot be asked: try again.",
    ),
    "METHOD_NOT_ALLOWED": Code(405, "Neither POST nor GET, or a mutation by GET.", "Use the method `Allow` names."),
    "NOT_ACCEPTABLE": Code(
        406, "`Accept` names nothing the gateway writes.", "Accept `application/graphql-response+json`."
    ),
    "LIMIT_TIME": Code(408, "The headers or the body came too slowly.", "Repeat over a better line.", retryable=True),
    "LIMIT_BODY": Code(413, "The body is too large.", "Send less; use variables instead of long documents."),
    "LIMIT_URL": Code(414, "The URL is too long.", "Use POST."),
    "UNSUPPORTED_MEDIA_TYPE": Code(
        415, "The body is not plain JSON in UTF-8.", "Send `Content-Type: application/json`, not compressed."
    ),
    "LIMIT_HEADERS": Code(431, "The headers are too large.", "Send fewer headers and cookies."),
    "RATE_LIMITED": Code(
        429,
        "The caller has used up its Omneo calls of the minute.",
        "Wait as many seconds as `Retry-After` and `extensions.retryAfter` say.",
        retryable=True,
    ),
    # The document and its variables: nothing has been run.
    "GRAPHQL_PARSE_FAILED": Code(400, "The document is not GraphQL.", "Correct it where the locations point."),
    "GRAPHQL_VALIDATION_FAILED": Code(
        400, "The document does not fit the schema.", "Correct it where the locations point."
    ),
    "BAD_USER_INPUT": Code(400, "A variable, an argument or an id cannot be right.", "Correct what the message names."),
    "LIMIT_TOKENS": Code(400, "The document has too many words.", _NARROW),
    "LIMIT_DEPTH": Code(400, "Fields are nested too deeply.", _NARROW),
    "LIMIT_ALIASES": Code(400, "There are too many aliases.", _NARROW),
    "LIMIT_DIRECTIVES": Code(400, "There are too many directives.", _NARROW),
    "LIMIT_ROOT_FIELDS": Code(400, "An operation asks for too many things at its root.", _NARROW),
    "LIMIT_WRITES": Code(400, "A document holds more than one write.", "Send one write per request."),
    "LIMIT_FIELDS": Code(400, "There are too many fields once fragments are spread.", _NARROW),
    "LIMIT_REPEATS": Code(400, "The same fields are repeated too often at one place.", "Ask for each field once."),
    "LIMIT_INTROSPECTION": Code(
        400, "A member asks for the schema itself.", "Read `schema.graphql`, or ask with a service credential."
    ),
    "LIMIT_BATCH": Code(400, "Batches are off, or this one is too long.", "Send one operation per request."),
    "COST_LIMIT": Code(
        400,
        "The operation may take more calls to Omneo than one is allowed; `extensions` hold both numbers.",
        "Ask for smaller pages (`first`), or for less below each item.",
    ),
    "LIMIT_OBJECTS": Code(None, "The answer would hold too many objects; there is no data.", _NARROW),
    # Single fields; the rest of the answer is there.
    "BAD_CURSOR": Code(None, "`after` is not a cursor of this list.", "Begin anew without `after`."),
    "FORBIDDEN": Code(
        None,
        "The caller may not ask for this ([access.md](access.md)), or Omneo does not let the gateway.",
        "Ask with another credential, or leave the field out.",
    ),
    "UPSTREAM_UNAVAILABLE": Code(None, "Omneo cannot be reached, or fails.", "Try again in a moment.", retryable=True),
    "UPSTREAM_TIMEOUT": Code(None, "Omneo did not answer before the request's deadline.", "Try again.", retryable=True),
    "UPSTREAM_RATE_LIMITED": Code(
        None,
        "Omneo takes no more calls for the moment.",
        "Try again later; `extensions.retryAfter` says in how many seconds, when Omneo did.",
        retryable=True,
    ),
    "UPSTREAM_INVALID": Code(
        None,
        "Omneo's answer is not what its API promises.",
        "Report it with the header `x-request-id`, if it stays.",
    ),
    "UPSTREAM_UNAUTHENTICATED": Code(
        None, "Omneo does not accept the gateway's own credential.", "Tell whoever runs the gateway."
    ),
    "UPSTREAM_BUDGET": Code(
        None, "The operation needed more calls to Omneo than were foreseen.", "Ask for less at once, and report it."
    ),
    "INTERNAL": Code(
        500,
        "Something unforeseen: a whole request (500), or one field of an answer (200).",
        "Report it with `extensions.requestId`, which is in the gateway's log.",
    ),
}


def extensions(code: str, *, retryable: bool | None = None, **more: Any) -> dict[str, Any]:
    """Return an error's `extensions`: its code, whether to repeat, and what else helps."""
    known = CODES.get(code)
    if retryable is None:
        retryable = known is not None and known.retryable
    return {"code": code, "retryable": retryable, **more}
