"""Everything that can go wrong between us and Omneo.

    OmneoError
    ├── InvalidId           an id that cannot be one; nothing was sent
    ├── BudgetSpent         the request has used up its calls; nothing was sent
    ├── Unavailable         no connection, a connection that broke, or 5xx
    ├── TimedOut            no answer in time
    ├── Invalid             an answer that is not what the API promises: HTML, half a JSON, a wrong type, too large
    ├── Unauthenticated     401
    │   └── MemberUnauthenticated   the same, for a member's own token: it has expired, or never was one
    ├── Forbidden           403
    ├── NotFound            404
    ├── RateLimited         429
    └── Refused             400, 409, 422: a rule of Omneo's says no

Messages are ours. What Omneo wrote is kept in attributes that no answer and no log line shows.
"""

import enum


class Landed(enum.Enum):
    """Say what an error tells about the write it ended: NO, it did not happen; UNKNOWN, it may have."""

    NO = "no"
    UNKNOWN = "unknown"


class OmneoError(Exception):
    """Stand for any failure of a call. `detail` is for the log: short, ours, free of personal data. `repeats` is how
    often the transport had sent the request again by then."""

    message = "A call to Omneo failed."
    repeats = 0

    def __init__(self, message: str | None = None, *, landed: Landed = Landed.NO, detail: str = "") -> None:
        super().__init__(message or self.message)
        self.landed = landed
        self.detail = detail


class InvalidId(OmneoError):
    """An id that cannot name anything. Its message is written for the client."""


class BudgetSpent(OmneoError):
    message = "The request has used up its calls to Omneo."


class Unavailable(OmneoError):
    message = "Omneo is not available."


class TimedOut(OmneoError):
    message = "Omneo did not answer in time."


class Invalid(OmneoError):
    message = "Omneo's answer could not be understood."


class Unauthenticated(OmneoError):
    message = "Omneo did not accept the credential."


class MemberUnauthenticated(Unauthenticated):
    message = "Omneo did not accept the member's token."


class Forbidden(OmneoError):
    message = "Omneo does not allow this with the credential used."


class NotFound(OmneoError):
    message = "Omneo does not know this."


class RateLimited(OmneoError):
    """429. `retry_after_s` is how long Omneo asks to wait, if it said so."""

    message = "Omneo takes no more calls for the moment."

    def __init__(self, *, retry_after_s: float | None = None) -> None:
        super().__init__()
        self.retry_after_s = retry_after_s


class Refused(OmneoError):
    """A business refusal or a failed validation; Omneo documents neither status nor text (API.md §5).

    `fields` names what was wrong, field → reasons, in Omneo's words: for decisions, not for display.
    """

    message = "Omneo refused the request."

    def __init__(self, *, status: int = 422, fields: dict[str, list[str]] | None = None) -> None:
        super().__init__(detail=f"status {status}")
        self.status = status
        self.fields = fields or {}
