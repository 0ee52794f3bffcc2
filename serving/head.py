"""The head of a request: who asks, and in which media type, judged once for requests of a connection that say the same.

A client sends one head again and again, with another body. What a head says depends on nothing else, so a connection
remembers the last one it judged; it keeps a credential no longer than the connection does.
"""

from __future__ import annotations

from typing import Any

import msgspec

from context import Caller
from serving.asgi import HttpRefusal, Scope
from serving.caller import Callers
from serving.negotiation import GRAPHQL_RESPONSE, HTML, JSON, answer_type, is_json

# A second one of these could be read differently by a proxy in front of us.
_SINGULAR = frozenset((b"host", b"authorization", b"content-type", b"content-length", b"content-encoding"))


class Head(msgspec.Struct):
    """Hold what a head says: `sent`, its headers by lower-case name, the first of several; then what it comes to.

    `twice` names a header that may not come twice but does. `caller` is a token where its issuer has to be asked, None
    where nobody needs to be known: the page is for everyone.
    """

    method: str
    sent: dict[bytes, bytes]
    twice: str | None = None
    media_type: str = JSON
    caller: Caller | str | None = None
    reports: bool = False  # whether the answer is to say what it cost
    is_judged: bool = False


class Memory:
    """Remember the last head of a connection that was judged."""

    __slots__ = ("_head", "_said")

    def __init__(self) -> None:
        self._said: tuple[Any, ...] = ()
        self._head: Head | None = None

    def recall(self, scope: Scope) -> Head | None:
        """Return the judged head when this request has the same one."""
        return self._head if self._said == _said(scope) else None

    def keep(self, scope: Scope, head: Head) -> None:
        """Remember a head that would be judged alike at any time."""
        self._said, self._head = _said(scope), head


def _said(scope: Scope) -> tuple[Any, ...]:
    """Return all that a head's judgement depends on."""
    return scope["http_version"], scope["method"], scope["raw_path"], scope["query_string"], scope["headers"]


def read_head(scope: Scope) -> Head:
    """Read headers, and judge nothing yet."""
    head = Head(scope["method"], {})
    sent = head.sent
    for name, value in scope["headers"]:
        if name not in sent:
            sent[name] = value
        elif name in _SINGULAR:
            head.twice = name.decode("latin-1")
    return head


class Judge:
    """Judge heads: refuse what is wrong whoever asks and whatever for, then find out who asks."""

    def __init__(self, callers: Callers, *, url_limit: int) -> None:
        self._callers = callers
        self._url_limit = url_limit

    def judge(self, head: Head, scope: Scope, memory: Memory | None) -> None:
        """Fill in a head, and have it remembered. Raises HttpRefusal, which is answered in its media type if that is
        known by then."""
        self._check(head, scope)
        is_get = head.method == "GET"
        media_type = answer_type(head.sent.get(b"accept"), page=is_get)
        if media_type is None:
            raise HttpRefusal("NOT_ACCEPTABLE", f"Answers are {GRAPHQL_RESPONSE} or {JSON}: accept one of them.")
        head.media_type = media_type
        if media_type == HTML:
            return
        if not is_get:
            _check_content(head.sent)
        head.caller, expires = self._callers.known(head.sent.get(b"authorization"))
        head.reports = head.sent.get(b"x-upstream-report") == b"1"
        head.is_judged = True
        if memory is not None and expires is None:
            memory.keep(scope, head)

    def _check(self, head: Head, scope: Scope) -> None:
        if head.twice is not None:
            raise HttpRefusal("BAD_REQUEST", f"The header {head.twice} may be sent once only.")
        if b"host" not in head.sent and scope.get("http_version") == "1.1":
            raise HttpRefusal("BAD_REQUEST", "A Host header is needed.")
        if head.method not in ("POST", "GET"):
            raise HttpRefusal("METHOD_NOT_ALLOWED", "Use POST, or GET for queries.", [(b"allow", b"GET, POST")])
        if len(scope["query_string"]) + len(scope.get("raw_path") or b"") > self._url_limit:
            raise HttpRefusal("LIMIT_URL", f"The URL is too long: at most {self._url_limit} bytes; use POST.")


def _check_content(sent: dict[bytes, bytes]) -> None:
    if not is_json(sent.get(b"content-type")):
        raise HttpRefusal("UNSUPPORTED_MEDIA_TYPE", f"Send the body as {JSON} in UTF-8.")
    if sent.get(b"content-encoding", b"identity").lower() != b"identity":
        raise HttpRefusal("UNSUPPORTED_MEDIA_TYPE", "Send the body without compression.")
