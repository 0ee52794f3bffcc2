"""Write the documents that are read off the code: `python -m scripts.docs` (or `make docs`)."""

from __future__ import annotations

from pathlib import Path

from graphql import GraphQLObjectType

from resolvers.access import Rule
from schema import schema
from schema.access import rule_of

DOCS = Path(__file__).resolve().parent.parent / "docs"


def rules() -> dict[str, Rule]:
    """Return every declared rule by `Type.field`, in the schema's order: what is asked first, then what it leads to."""
    return {
        f"{owner.name}.{name}": rule
        for owner in schema._schema.type_map.values()
        if isinstance(owner, GraphQLObjectType)
        for name, field in owner.fields.items()
        if (rule := rule_of(field)) is not None
    }


def access() -> str:
    """Return docs/access.md."""
    lines = [
        "# Who may ask for what",
        "",
        "Written by `make docs` from the rules that the fields declare in `schema/`; `tests/test_access_table.py` asks",
        "every cell. A field that is not listed is open to whoever was given the object it belongs to: a benefit shows",
        "its definition as Omneo embeds it, and a mutation shows what it wrote.",
        "",
        "* **member**: an Omneo ID token. Omneo itself is the judge of it and shows a member nothing but their own;",
        "  someone else's profile or benefit is answered like one that does not exist.",
        "* **service**: a key, or the company's own token, that has all the scopes named (`*` has every scope). A dash",
        "  means that any service may ask.",
        "* `FORBIDDEN` and `UNAUTHENTICATED` are the codes of the error; the first leaves the field null and its",
        "  siblings as they are, the second refuses the request. Neither makes a call to Omneo.",
        "",
        "| field | member | service needs | service without it | anonymous |",
        "|---|---|---|---|---|",
    ]
    for name, rule in rules().items():
        member = "yes" if rule.members else "`FORBIDDEN`"
        scopes = ", ".join(f"`{scope}`" for scope in rule.scopes) or "–"
        without = "`FORBIDDEN`" if rule.scopes else "yes"
        lines.append(f"| `{name}` | {member} | {scopes} | {without} | `UNAUTHENTICATED` |")
    return "\n".join(lines) + "\n"


def documents() -> dict[Path, str]:
    """Return each document's text by its place."""
    return {DOCS / "access.md": access()}


if __name__ == "__main__":
    for place, text in documents().items():
        place.write_text(text, "utf-8")
