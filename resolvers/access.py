"""Who may ask for what: the rules that Omneo cannot enforce, because a service's calls carry the tenant's token."""

from context import Info


class Forbidden(Exception):
    """Say that this caller may not ask for this, in words for the client."""


def require_service(info: Info) -> None:
    """Raise `Forbidden` unless a service asks."""
    if info.context.caller.is_member:
        raise Forbidden("Members cannot ask for this; it takes a service credential.")
