"""Types are views: declared here, shown over records, never instantiated."""

from collections.abc import Callable
from typing import Any

import omneo

# The records behind the types that come in numbers, one that stands inside another first; and the attributes that
# loaders read of each, whatever a query asks for.
RECORDS: tuple[tuple[str, type[omneo.Record], frozenset[str]], ...] = (
    ("BenefitDefinition", omneo.EmbeddedBenefitDefinition, frozenset({"id"})),
    ("BenefitDefinition", omneo.BenefitDefinition, frozenset({"id"})),
    ("Benefit", omneo.Benefit, frozenset({"id", "profile_id"})),
    ("Profile", omneo.Profile, frozenset({"id", "email"})),
)


def view_of(*records: type) -> Callable[[Any, Any], bool]:
    """Say which records a type shows, for the places where GraphQL must ask: behind a union or an interface."""

    def is_type_of(value: Any, _info: Any) -> bool:
        return isinstance(value, records)

    is_type_of.records = records  # type: ignore[attr-defined]  # read by the test that holds views against records
    return is_type_of
