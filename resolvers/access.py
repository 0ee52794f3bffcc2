"""Who may ask for what: the rule a field declares, because a service's calls carry the tenant's all-seeing token."""

from dataclasses import dataclass
from typing import Literal

from context import Caller

RULE = "access"  # under which a field's metadata holds its rule

# Omneo's own spelling (API.md §2.2), those of them that open something here.
Scope = Literal[
    "read-profiles",
    "read-benefits",
    "create-benefits",
    "redeem-benefits",
    "delete-benefits",
    "read-benefit-definitions",
    "create-benefit-definitions",
    "update-benefit-definitions",
    "read-redemptions",
]
ALL_SCOPES = "*"


class Forbidden(Exception):
    """Say that this caller may not ask for this, in words for the client. Nothing was asked of Omneo."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Say who may ask for a field: members or not, and the scopes a service needs, all of them."""

    members: bool
    scopes: tuple[Scope, ...]

    def check(self, caller: Caller) -> None:
        """Raise `Forbidden` unless this caller may ask. Nothing else is looked at: not whose data it is, which Omneo
        decides by the member's own token (ADR 11)."""
        if caller.is_member:
            if not self.members:
                raise Forbidden("Members cannot ask for this; it takes a service credential.")
            return
        if ALL_SCOPES in caller.scopes:
            return
        for scope in self.scopes:
            if scope not in caller.scopes:
                raise Forbidden(f"This takes the scope {scope}, which your credential does not have.")


def needs(*scopes: Scope, members: bool = True) -> dict[str, Rule]:
    """Declare a field's rule: the scopes a service needs (none: any service may ask), and whether members may ask.

    A field without one is open to whoever was given the object it belongs to.
    """
    return {RULE: Rule(members, scopes)}
