"""What tests of the sandbox share: a sandbox in process, and the referee that holds each of its answers against
docs/omneo/openapi.yaml."""

import copy
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import yaml
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from sandbox.app import create_app
from sandbox.settings import Settings

DOCUMENT = Path(__file__).parent.parent / "docs" / "omneo" / "openapi.yaml"
METHODS = ("get", "post", "put", "delete", "patch")
TOKEN = "sandbox-token"
SERVER = {"authorization": f"Bearer {TOKEN}"}
ORIGIN = "http://sandbox.test"

# Keys of answers that may be missing. All others that the document knows must be there, and no others.
OPTIONAL = {"ValidationError": {"errors"}}
# Keys that API.md §7.2 lists and the document leaves out.
_STAFF = {"joined_staff", "preferred_staff", "normal_hours", "special_hours", "organisations"}
EXTRA = {"Profile": _STAFF, "ProfileContext": _STAFF}


@cache
def document() -> dict[str, Any]:
    """Read the document, its schemas made strict: an answer has all keys of its schema, and no others."""
    read: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text())
    schemas = read["components"]["schemas"]
    loose = copy.deepcopy(schemas)
    for name in schemas:
        properties = _properties(loose, loose[name])
        if properties:
            properties |= dict.fromkeys(EXTRA.get(name, ()), True)
            required = sorted(set(properties) - OPTIONAL.get(name, set()))
            schemas[name] = {
                "type": "object",
                "properties": properties,
                "required": required,
                "additionalProperties": False,
            }
    # A setting embeds the whole definition; a deleted benefit leaves an empty object in its redemption.
    whole = [{"$ref": f"#/components/schemas/{name}"} for name in ("EmbeddedBenefitDefinition", "BenefitDefinition")]
    schemas["Benefit"]["properties"]["definition"] = {"anyOf": whole}
    schemas["RedemptionItem"]["properties"]["type_attributes"]["anyOf"][-1] = {"type": "object", "maxProperties": 0}
    return read


def operations() -> list[tuple[str, str]]:
    """List every method and path of the document."""
    paths: dict[str, Any] = document()["paths"]
    return [(method.upper(), path) for path, methods in paths.items() for method in methods if method in METHODS]


def hold(method: str, path: str, status: int, body: Any) -> str | None:
    """Hold an answer against the document. Returns the path it is documented under; None where there is none.

    Raises an AssertionError that says where the answer differs.
    """
    template = _template(path)
    described = template and document()["paths"][template].get(method.lower())
    if not described:
        if status >= 400:
            _validate("/components/schemas/ValidationError", body, f"{method} {path} → {status}")
        return None
    where = f"{method} {template} → {status}"
    key = next((key for key in described["responses"] if re.fullmatch(key.replace("X", "[0-9]"), str(status))), None)
    if key is None:
        assert status >= 400, f"{where} is not documented"
        _validate("/components/schemas/ErrorMessage", body, where)
        return template
    name = described["responses"][key]["$ref"].rpartition("/")[2]
    content = document()["components"]["responses"][name].get("content")
    if content is None:
        assert body is None, f"{where} has a body"
    else:
        _validate(f"/components/responses/{name}/content/application~1json/schema", body, where)
    return template


def hold_delivery(event: str, payload: Any) -> None:
    """Hold what a webhook was sent against the document. Raises an AssertionError that says where it differs."""
    context = "ProfileContext" if event.startswith("profile.") else "BenefitContext"
    _validate(f"/components/schemas/{context}", payload, event)


class RefereedTransport(httpx.ASGITransport):
    """Hold every answer that passes against the document; of a long list, some of its rows."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        path = re.sub("^/(api/v3|id/api/v1)", "", request.url.path)
        if path != request.url.path:
            await response.aread()
            body = response.json() if response.content else None
            if isinstance(body, dict) and isinstance(body.get("data"), list):
                body["data"] = body["data"][:: max(1, len(body["data"]) // 10)]
            hold(request.method, path, response.status_code, body)
        return response


@dataclass
class Stand:
    """A sandbox of its own, seeded unless told otherwise, asked as the tenant."""

    app: Any
    http: httpx.AsyncClient

    async def ask(self, method: str, path: str, body: Any = None, *, token: str = TOKEN) -> httpx.Response:
        """Ask the server API, with a JSON body where there is one."""
        options = {} if body is None else {"json": body}
        return await self.http.request(
            method, f"/api/v3{path}", headers={"authorization": f"Bearer {token}"}, **options
        )

    async def data(self, method: str, path: str, body: Any = None) -> Any:
        """Ask what must succeed, and open its envelope."""
        answer = await self.ask(method, path, body)
        assert answer.is_success, answer.text
        return answer.json()["data"] if answer.content else None

    async def refused(self, method: str, path: str, body: Any = None, *, status: int = 422) -> str:
        """Ask what must be refused, and return the message."""
        answer = await self.ask(method, path, body)
        assert answer.status_code == status, answer.text
        message: str = answer.json()["message"]
        return message

    async def errors(self, method: str, path: str, body: Any = None) -> dict[str, list[str]]:
        """Ask what must fail its validation, and return field → reasons."""
        answer = await self.ask(method, path, body)
        assert answer.status_code == 422, answer.text
        errors: dict[str, list[str]] = answer.json()["errors"]
        return errors

    async def settings(self, **changes: Any) -> None:
        """Change the sandbox's settings."""
        (await self.http.put("/_sandbox/settings", json=changes)).raise_for_status()

    async def profile(self, **fields: Any) -> str:
        """Make a profile and return its id."""
        number = self.app.state.sandbox.store.count("profiles")
        given = {"first_name": "Test", "last_name": "Person", "email": f"test{number}@example.org"} | fields
        made: str = (await self.data("POST", "/profiles", given))["id"]
        return made

    def give(self, profile: str, **fields: Any) -> None:
        """Give a profile what only Omneo itself gives, such as a balance."""
        store = self.app.state.sandbox.store
        store.save("profiles", {**store.get("profiles", id=profile), **fields})

    async def definition(self, **fields: Any) -> dict[str, Any]:
        """Make a definition that anyone may claim, unless told otherwise."""
        number = self.app.state.sandbox.store.count("definitions")
        given = {"name": "Test", "handle": f"test-{number}", "period": 30, "is_published": True, "is_claimable": True}
        made: dict[str, Any] = await self.data("POST", "/benefits/definitions", given | fields)
        return made

    async def assign(self, profile: str, definition: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """Assign a benefit."""
        given = {"issued_at": "2026-06-01 09:00:00", "timezone": "UTC", "expires_at": "2030-01-01 00:00:00"}
        keys = {"profile_id": profile, "benefit_definition_id": definition["id"]}
        made: dict[str, Any] = await self.data("POST", "/benefits", given | keys | fields)
        return made

    async def claim(self, profile: str, kind: dict[str, Any], **fields: Any) -> httpx.Response:
        """Claim a benefit."""
        body = {"definition": kind["handle"], "timezone": "UTC"} | fields
        return await self.ask("POST", f"/profiles/{profile}/benefits/claim", body)

    async def member(self, profile: str | None) -> "Member":
        """Sign a member in, or nobody."""
        body = {} if profile is None else {"id": profile}
        answer = await self.http.post("/id/api/v1/auth/token", json=body, headers=SERVER)
        return Member(self.http, answer.json()["data"]["token"])


@dataclass
class Member:
    """Somebody with a token of the ID API."""

    http: httpx.AsyncClient
    token: str

    async def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Ask the ID API, with a JSON body where there is one."""
        options = {} if body is None else {"json": body}
        headers = {"authorization": f"Bearer {self.token}"}
        return await self.http.request(method, f"/id/api/v1{path}", headers=headers, **options)


@asynccontextmanager
async def open_stand(*, seeded: bool = False, **settings: Any) -> AsyncIterator[Stand]:
    """Open a sandbox, empty unless told otherwise. Every answer of it is held against the document."""
    app = create_app(Settings().changed(settings), seeded=seeded)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=RefereedTransport(app), base_url=ORIGIN) as http,
    ):
        yield Stand(app, http)


def _template(path: str) -> str | None:
    """Find the path of the document that a path is one of; the one with most of its words."""
    fits = [each for each in document()["paths"] if re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", each), path)]
    return min(fits, key=lambda each: each.count("{"), default=None)


def _properties(schemas: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Collect the properties of a schema, and of those it is composed of."""
    found: dict[str, Any] = {}
    for part in schema.get("allOf", []):
        found |= _properties(schemas, part)
    if "$ref" in schema:
        found |= _properties(schemas, schemas[schema["$ref"].rpartition("/")[2]])
    found |= copy.deepcopy(schema.get("properties", {}))
    return found


@cache
def _registry() -> Registry[Any]:
    registry: Registry[Any] = Registry()
    filled: Registry[Any] = registry.with_resource("urn:omneo", DRAFT202012.create_resource(document()))
    return filled


@cache
def _validator(pointer: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(
        {"$ref": f"urn:omneo#{pointer}"},
        registry=_registry(),
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    )


def _validate(pointer: str, body: Any, where: str) -> None:
    error = jsonschema.exceptions.best_match(_validator(pointer).iter_errors(body))
    assert error is None, f"{where}: {error.json_path}: {error.message[:300]}"
