"""The GraphQL parameters of a request: strict JSON in a body, or a query string, to an execution Request."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

import orjson

from execution import Request
from serving.asgi import HttpRefusal

_MAX_NESTING = 64
_MAX_PARAMETERS = 20


def from_body(body: bytes, *, batch: int = 1) -> Request | list[Request]:
    """Read the parameters of a POST: of one operation, or of a batch of at most `batch` where that is above 1.

    Raises HttpRefusal 400 for anything but one unambiguous JSON object, or such a list of them.
    """
    parameters = _strict_json(body, "The body")
    if not isinstance(parameters, list):
        return _request(parameters)
    if len(parameters) > batch or batch == 1:
        wanted = f"at most {batch} operations" if batch > 1 else "one operation, not a list"
        raise HttpRefusal("LIMIT_BATCH", f"Send {wanted} per request.", limit=batch)
    if not parameters:
        raise _bad("The list of operations is empty.")
    return [_request(each) for each in parameters]


def from_query_string(query_string: bytes) -> Request:
    """Read the parameters of a GET; `variables` and `extensions` hold JSON. Raises HttpRefusal 400 likewise."""
    if query_string.count(b"&") >= _MAX_PARAMETERS:
        raise _bad(f"Send at most {_MAX_PARAMETERS} parameters.")
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise _bad("The query string must be UTF-8, percent-encoded.") from None
    parameters: dict[str, Any] = dict(pairs)
    if len(parameters) < len(pairs):
        raise _bad("A parameter may be given once only.")
    for name in ("variables", "extensions"):
        if parameters.get(name):
            parameters[name] = _strict_json(parameters[name].encode(), name)
        else:
            parameters.pop(name, None)
    if not parameters.get("operationName"):
        parameters.pop("operationName", None)
    return _request(parameters)


def _request(parameters: object) -> Request:
    if not isinstance(parameters, dict):
        raise _bad("The body must be a JSON object.")
    query = parameters.get("query")
    if not isinstance(query, str) or not query.strip():
        raise _bad("The parameter query must be a string that holds a GraphQL document.")
    name = parameters.get("operationName")
    if name is not None and not isinstance(name, str):
        raise _bad("The parameter operationName must be a string.")
    variables = parameters.get("variables")
    if variables is not None and not isinstance(variables, dict):
        raise _bad("The parameter variables must be an object.")
    extensions = parameters.get("extensions")
    if extensions is not None and not isinstance(extensions, dict):
        raise _bad("The parameter extensions must be an object.")
    return Request(query, variables, name)


def _strict_json(text: bytes, what: str) -> object:
    """Decode JSON that everyone reads alike: UTF-8, no lone surrogate, no key twice, `_MAX_NESTING` levels at most."""
    try:
        value: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise _bad(f"{what} must be valid JSON in UTF-8.") from None
    if text.count(b"{") + text.count(b"[") > _MAX_NESTING:
        _check_nesting(value, _MAX_NESTING, what)
    # orjson keeps the last of two equal keys without a word. A text that is what we would write of its value, as that
    # of most clients is, has none; in any other the standard library shows them.
    written = orjson.dumps(value)
    if written != text and written != _without_blanks(text):
        _KEYS.decode(text.decode())
    return value


def _without_blanks(text: bytes) -> bytes:
    """Leave out the blanks that Python's json writes, and with them some inside strings: no key comes or goes by it."""
    return text.replace(b'": ', b'":').replace(b', "', b',"')


def _check_nesting(value: object, left: int, what: str) -> None:
    if left < 0:
        raise _bad(f"{what} is nested too deeply: at most {_MAX_NESTING} levels.")
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return
    for each in value:
        if isinstance(each, dict | list):
            _check_nesting(each, left - 1, what)


def _unique(pairs: list[tuple[str, object]]) -> None:
    if len({key for key, _ in pairs}) < len(pairs):
        raise _bad("A key may be given once only in a JSON object.")


_KEYS = json.JSONDecoder(object_pairs_hook=_unique, parse_int=len, parse_float=len)


def _bad(message: str) -> HttpRefusal:
    return HttpRefusal("BAD_REQUEST", message)
