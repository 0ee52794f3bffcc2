"""Write the documents that are read off the code: `python -m scripts.docs` (or `make docs`)."""

from __future__ import annotations

from pathlib import Path

from graphql import GraphQLObjectType

from resolvers.access import Rule
from schema import schema
from schema.access import rule_of
from schema.codes import CODES, Code
from schema.errors import TABLE, UNFORESEEN, PublicError

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
        "its definition as Omneo embeds it, and a mutation shows what it wrote, or what stood in its way: the benefit",
        "of an earlier claim, the clauses of a condition that is not met. Whoever may give benefits sees that.",
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


def errors() -> str:
    """Return docs/errors.md."""
    lines = [
        "# What an error tells",
        "",
        "Written by `make docs` from `schema/codes.py` and `schema/errors.py`. Every error has `extensions.code` and",
        "`extensions.retryable`; branch on these, not on the message, which is for developers and may change.",
        "",
        "## The codes",
        "",
        "The status is the one of a request that is refused as a whole. Before it runs, a document that will not do is",
        "answered with that status to clients of `application/graphql-response+json`, and with 200 to those of",
        "`application/json`, as each media type wants it. An operation that ran is answered 200, its errors beside its",
        "data. A rule of Omneo's that refuses a write is no error: it is a member of the mutation's union.",
        "",
        "| code | status | retryable | what happened | what to do |",
        "|---|---|---|---|---|",
        *(_code(name, code) for name, code in CODES.items()),
        "",
        "## From a cause to its code",
        "",
        "What goes wrong below a field, the most special cause first. Omneo's own words are in no answer and no log.",
        "",
        "| cause | code | retryable | sentence |",
        "|---|---|---|---|",
        *(_cause(kind.__module__, kind.__qualname__, told) for kind, told in TABLE.items()),
        _cause("", "anything else", UNFORESEEN),
    ]
    return "\n".join(lines) + "\n"


def _code(name: str, code: Code) -> str:
    return f"| `{name}` | {code.status or 200} | {_yes(code.retryable)} | {code.when} | {code.advice} |"


def _cause(module: str, name: str, told: PublicError) -> str:
    cause = f"`{module.partition('.')[0]}.{name}`" if module else name
    return f"| {cause} | `{told.code}` | {_yes(told.retryable)} | {told.message or 'says what is wrong'} |"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def documents() -> dict[Path, str]:
    """Return each document's text by its place."""
    return {DOCS / "access.md": access(), DOCS / "errors.md": errors()}


if __name__ == "__main__":
    for place, text in documents().items():
        place.write_text(text, "utf-8")
