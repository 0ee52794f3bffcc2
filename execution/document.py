"""Documents: parsed, weighed and validated once per text, then kept within bounds."""

from __future__ import annotations

import hashlib
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    parse,
    specified_rules,
    validate,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from execution.limits import LimitExceeded, Limits, check
from schema.codes import extensions

# Given once: a rule made per request would be a new key for every cache.
RULES: tuple[type[ASTValidationRule], ...] = (
    *specified_rules,
    MaybeNullValidationRule,
    OneOfInputValidationRule,
)
_MAX_ERRORS = 20
_MAX_MESSAGE = 500
_MAX_LOCATIONS = 5

# A syntax tree takes about 0.6 kB per token, a field of a plan about 1 kB, so a hostile fill of the cache stays near
# 100 MB.
_KEPT_DOCUMENTS = 500
_KEPT_CHARACTERS = 250_000
_FIELD = 5  # characters that take as much memory as a field of a plan


@dataclass(frozen=True, slots=True)
class Document:
    """Hold one text's outcome: its tree and operations by name, or the errors that refuse it."""

    hash: str  # SHA-256 of the text, hexadecimal
    tree: DocumentNode = field(default_factory=DocumentNode)
    operations: Mapping[str | None, OperationDefinitionNode] = field(default_factory=dict)
    errors: tuple[dict[str, Any], ...] = ()
    plans: dict[Any, Any] = field(default_factory=dict)  # what was compiled of it, kept as long as the document is
    introspects: bool = False  # asks for the schema itself
    exceeds: str | None = None  # the code of the limit it exceeds, where that is only logged


class Documents:
    """Turn texts into documents; the ones used last are kept, whether they were fine or not."""

    def __init__(self, schema: GraphQLSchema, limits: Limits, *, hide_suggestions: bool = False) -> None:
        self._schema = schema
        self._limits = limits
        self._ceilings = limits.ceilings
        self._hide_suggestions = hide_suggestions
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._fields: dict[str, int] = {}  # of the plans of what is kept, by hash
        self._grown: deque[tuple[str, int]] = deque()  # documents whose plans have become more
        self._kept_characters = 0

    def get(self, text: str) -> Document:
        """Return the document of this text. Never raises for what a client can write: see its `errors`."""
        return self.kept(text) or self.keep(text, self.read(text))

    def kept(self, text: str) -> Document | None:
        """Return the document of this text if it is at hand."""
        document = self._kept.get(text)
        if document is not None:
            self._kept.move_to_end(text)
        if self._grown:
            self._make_room()
        return document

    def grown(self, document: Document, fields: int) -> None:
        """Take note of how many fields the plans of a document have. May be called in a thread."""
        self._grown.append((document.hash, fields))

    def read(self, text: str) -> Document:
        """Read a text anew. Touches nothing that is kept, so it may run in a thread."""
        digest = hashlib.sha256(text.encode()).hexdigest()
        try:
            tree = parse(text, max_tokens=self._ceilings.tokens)
            introspects = check(tree, self._ceilings)
        except LimitExceeded as error:
            return Document(digest, errors=(formatted(error),))
        except GraphQLSyntaxError as error:
            return Document(digest, errors=(self._syntax_error(error),))
        errors = validate(self._schema, tree, RULES, max_errors=_MAX_ERRORS, hide_suggestions=self._hide_suggestions)
        if errors:
            return Document(digest, errors=tuple(formatted(each, "GRAPHQL_VALIDATION_FAILED") for each in errors))
        operations = {
            each.name.value if each.name else None: each
            for each in tree.definitions
            if isinstance(each, OperationDefinitionNode)
        }
        return Document(digest, tree, operations, introspects=introspects, exceeds=self._exceeded(tree))

    def _exceeded(self, tree: DocumentNode) -> str | None:
        """Tell which limit a document exceeds that is let through, because exceeding limits is only logged."""
        if not self._limits.is_log_only:
            return None
        try:
            if (tree.token_count or 0) > self._limits.tokens:
                raise LimitExceeded("tokens", self._limits.tokens, "tokens")
            check(tree, self._limits)
        except LimitExceeded as error:
            return str((error.extensions or {}).get("code"))
        return None

    def _syntax_error(self, error: GraphQLSyntaxError) -> dict[str, Any]:
        # graphql-core tells its two limits from other syntax errors in words alone; a test holds them.
        if "nested too deeply" in error.message:
            return formatted(LimitExceeded("depth", self._ceilings.depth, "levels of fields"))
        if f"more than {self._ceilings.tokens} tokens" in error.message:
            return formatted(LimitExceeded("tokens", self._ceilings.tokens, "tokens"))
        return formatted(error, "GRAPHQL_PARSE_FAILED")

    def keep(self, text: str, document: Document) -> Document:
        """Keep the document of this text, unless the text is too long or another was faster; return the one kept."""
        if text in self._kept:
            return self._kept[text]
        if len(text) > _KEPT_CHARACTERS // 10:
            return document
        self._kept[text] = document
        self._fields[document.hash] = 0
        self._kept_characters += len(text)
        self._make_room()
        return document

    def _make_room(self) -> None:
        """Forget the documents that were not used for longest, until what is kept is within its bounds."""
        while self._grown:
            digest, fields = self._grown.popleft()
            if digest in self._fields:
                self._kept_characters += _FIELD * (fields - self._fields[digest])
                self._fields[digest] = fields
        while len(self._kept) > _KEPT_DOCUMENTS or self._kept_characters > _KEPT_CHARACTERS:
            text, oldest = self._kept.popitem(last=False)
            self._kept_characters -= len(text) + _FIELD * self._fields.pop(oldest.hash)


def formatted(error: GraphQLError, code: str | None = None) -> dict[str, Any]:
    """Turn an error found before execution into what the client reads; `code` fills in where it has none.

    Message and locations are cut: both can repeat the client's text many times over.
    """
    answer: dict[str, Any] = {"message": error.message[:_MAX_MESSAGE]}
    if error.locations:
        answer["locations"] = [{"line": each.line, "column": each.column} for each in error.locations[:_MAX_LOCATIONS]]
    answer["extensions"] = extensions(code) if code is not None else dict(error.extensions or {})
    return answer
