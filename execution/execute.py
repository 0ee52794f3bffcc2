"""The one path every transport runs an operation on: document, limits, variables, execution, coded errors."""

from __future__ import annotations

from collections.abc import Callable
from inspect import isawaitable
from typing import Any

import msgspec
import strawberry
from graphql import GraphQLError, OperationDefinitionNode
from graphql.execution import Executor
from graphql.execution.values import VariableValues, get_variable_values
from strawberry.execution import optimized_is_awaitable

import telemetry
from execution.arguments import NO_VARIABLES
from execution.document import Document, Documents, formatted
from execution.limits import LimitExceeded, Limits
from execution.plan import Plan
from execution.plans import Kept, Plans, are_plain, kept_of
from execution.price import FREE, Price, price_of
from execution.runner import Info, Runner
from loaders.prices import Terms
from pace import Pace
from schema.codes import extensions

_MAX_COERCION_ERRORS = 20
_MAX_LOGGED_ERRORS = 5
_TYPES = 2  # as many times the fields a document may have are planned at most, those of interfaces once for each type


class Request(msgspec.Struct, frozen=True):
    """Hold what a client asks to run, as the transport read it."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None


class Operation(msgspec.Struct, frozen=True):
    """Hold an operation that is valid and within the limits, with the variables it is to run with."""

    document: Document
    node: OperationDefinitionNode
    variables: dict[str, Any] | None
    values: VariableValues
    plan: Plan | None
    name: str | None
    kind: str
    is_write: bool
    is_shareable: bool  # whether all it says is read by loaders, so that equal ones at one moment are answered alike

    def price(self, terms: Terms) -> Price:
        """Tell what it costs at worst, before it runs. One that no plan covers asks nobody."""
        return FREE if self.plan is None else price_of(self.plan, self.values, terms)


class Answer(msgspec.Struct):
    """Hold a GraphQL response; one that was refused before execution has no `data` entry."""

    is_executed: bool
    data: dict[str, Any] | None = None
    errors: list[dict[str, Any]] = []
    extensions: dict[str, Any] = {}
    objects: int = 0  # as they are counted for LIMIT_OBJECTS; 0 where nobody counted
    is_large: bool = False  # has more objects than it may, where that is only logged
    encoded: bytes | None = None  # once somebody has encoded it: several requests may share an answer

    def telling(self, **extensions: Any) -> Answer:
        """Return this answer with something more to say, for one of them."""
        return Answer(self.is_executed, self.data, self.errors, {**self.extensions, **extensions})

    def payload(self) -> dict[str, Any]:
        """Return the response as GraphQL spells it, ready to be encoded."""
        payload: dict[str, Any] = {}
        if self.errors:
            payload["errors"] = self.errors
        if self.is_executed:
            payload["data"] = self.data
        if self.extensions:
            payload["extensions"] = self.extensions
        return payload

    def codes(self) -> list[str]:
        """List the code of every error, in order."""
        return [str(each.get("extensions", {}).get("code", "")) for each in self.errors]


class Refused(Exception):
    """Carry the answer to a request that is not run at all, and the hash of its text."""

    def __init__(self, errors: list[dict[str, Any]], document_hash: str) -> None:
        super().__init__()
        self.answer = Answer(is_executed=False, errors=errors)
        self.document_hash = document_hash


class Engine:
    """Prepare and run operations over one schema.

    `public_error` turns an error of execution into what the client reads, its code in `extensions.code`. When
    `compiled`, operations are run by their plans (ADR 19), and by graphql-core only where no plan covers
    them. One whose price is above `cost_limit` calls to Omneo is not run.
    """

    def __init__(
        self,
        schema: strawberry.Schema,
        public_error: Callable[[GraphQLError], dict[str, Any]],
        limits: Limits | None = None,
        *,
        hide_suggestions: bool = False,
        compiled: bool = True,
        cost_limit: int = 250,
        pace: Pace | None = None,
    ) -> None:
        self._schema = schema._schema  # strawberry has no public name for the graphql-core schema it wraps
        self._executor_class: type[Executor[Any]] = schema.execution_context_class
        self._public_error = public_error
        self._hide_suggestions = hide_suggestions
        limits = limits or Limits()
        self.documents = Documents(self._schema, limits, hide_suggestions=hide_suggestions)
        self._plans = Plans(
            schema, self.documents, hide_suggestions=hide_suggestions, most_fields=_TYPES * limits.ceilings.fields
        )
        self._limits = limits
        self._is_compiled = compiled
        self._cost_limit = cost_limit
        self._pace = pace or Pace()

    def operation_names(self, text: str) -> list[str | None]:
        """Name the operations of a document; None for one without a name. Raises `Refused`."""
        document = self.documents.get(text)
        if document.errors:
            raise Refused(list(document.errors), document.hash)
        return list(document.operations)

    def prepare(self, request: Request, document: Document | None = None) -> Operation:
        """Find the operation a request asks for. `document` is the one of its text, for who has it already.

        Raises `Refused` when its document, its name or its variables will not do.
        """
        document = document or self.documents.get(request.query)
        if document.errors:
            raise Refused(list(document.errors), document.hash)
        if request.operation_name is not None:
            node = document.operations.get(request.operation_name)
            problem = "The document has no operation of that name."
        else:
            node = next(iter(document.operations.values())) if len(document.operations) == 1 else None
            problem = "The document has several operations: name the one to run in operationName."
        if node is None:
            error = GraphQLError(problem if document.operations else "The document has no operation.")
            raise Refused([formatted(error, "BAD_USER_INPUT")], document.hash)
        kept = kept_of(document, node)
        values = self._values(document, kept, request.variables) if node.variable_definitions else NO_VARIABLES
        try:
            plan = self._plans.of(document, kept, values)
        except GraphQLError as error:
            code = None if isinstance(error, LimitExceeded) else "BAD_USER_INPUT"
            raise Refused([formatted(error, code)], document.hash) from None
        is_shareable = plan is not None and plan.is_whole and plan.is_read
        return Operation(
            document, node, request.variables, values, plan, kept.name, kept.kind, kept.is_write, is_shareable
        )

    def _values(self, document: Document, kept: Kept, variables: dict[str, Any] | None) -> VariableValues:
        if variables and are_plain(kept, variables):
            return VariableValues({}, variables)
        values = get_variable_values(
            self._schema,
            kept.operation.variable_definitions or (),
            variables or {},
            _MAX_COERCION_ERRORS,
            self._hide_suggestions,
        )
        if isinstance(values, list):
            raise Refused([formatted(each, "BAD_USER_INPUT") for each in values], document.hash)
        return values

    def admit(self, operation: Operation, context: Any, *, is_log_only: bool = False) -> Price:
        """Price an operation on its caller's terms, and hold its calls to that. Raises `Refused` above the limit."""
        price = operation.price(context.terms)
        tally = context.trace.tally
        tally.predicted, tally.ceiling = price.total, None if is_log_only else self._cost_limit
        if price.total > self._cost_limit and not is_log_only:
            message = (
                f"This query may take {price.total} calls to Omneo; the limit is {self._cost_limit}. "
                "Ask for shorter pages, or for less below them."
            )
            told = extensions("COST_LIMIT", predicted=price.total, limit=self._cost_limit)
            raise Refused([formatted(GraphQLError(message, extensions=told))], operation.document.hash)
        if price.is_whole:
            tally.budget = price.total
        return price

    def is_too_much(self, price: Price) -> bool:
        """Tell whether a price is above the limit."""
        return price.total > self._cost_limit

    def exceeds(self, operation: Operation) -> str | None:
        """Return the code of the limit an operation exceeds, where that is only logged."""
        plan, document = operation.plan, operation.document
        is_too_large = plan is not None and plan.size > _TYPES * self._limits.fields
        return document.exceeds or ("LIMIT_FIELDS" if is_too_large else None)

    async def run(self, operation: Operation, context: Any) -> Answer:
        """Run a prepared operation in a context; every error in the answer has a code."""
        plan = operation.plan
        if plan is not None and plan.kinds:
            context.client.kinds = plan.kinds
        is_compiled = self._is_compiled and plan is not None and plan.is_whole
        context.trace.tally.engine = "compiled" if is_compiled else "stock"
        calls, objects = context.trace.tally.predicted, 0
        self._pace.begin(calls)
        try:
            if is_compiled and plan is not None:
                ceiling = self._limits.ceilings.objects
                runner = Runner(plan, Info(context), operation.values, ceiling, self._pace, calls)
                data, errors = await runner.run()
                objects = runner.objects
            else:
                data, errors = await self._run_stock(operation, context)
        finally:
            self._pace.end(calls)
        answer = Answer(is_executed=True, data=data, objects=objects, is_large=objects > self._limits.objects)
        for error in errors:
            answer.errors.append(self._public(error, len(answer.errors)))
        return answer

    async def _run_stock(self, operation: Operation, context: object) -> tuple[Any, list[GraphQLError]]:
        executor = self._executor_class.build(
            self._schema,
            operation.document.tree,
            context_value=context,
            raw_variable_values=operation.variables,
            operation_name=operation.name,
            max_coercion_errors=_MAX_COERCION_ERRORS,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]  # strawberry declares it as bool
            hide_suggestions=self._hide_suggestions,
            operation_extensions=None,
        )
        if isinstance(executor, list):
            raise Refused([formatted(each, "BAD_USER_INPUT") for each in executor], operation.document.hash)
        outcome = executor.execute_operation()
        result: Any = await outcome if isawaitable(outcome) else outcome
        return result.data, result.errors or []

    def _public(self, error: GraphQLError, position: int) -> dict[str, Any]:
        public = self._public_error(error)
        if position < _MAX_LOGGED_ERRORS:
            _log_cause(error, str(public.get("extensions", {}).get("code")))
        return public


def _log_cause(error: GraphQLError, code: str) -> None:
    """Keep for us what the client is not told: what a bug was, or how Omneo failed."""
    cause = error.original_error or error
    if code == "INTERNAL":
        telemetry.log("unforeseen error", level="error", path=error.path, **telemetry.cause(cause))
    elif code.startswith("UPSTREAM_"):
        detail = getattr(cause, "detail", None)
        telemetry.log("omneo failed", level="warning", code=code, path=error.path, detail=detail)
