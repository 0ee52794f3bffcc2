"""Where profiles are served: for the tenant, and as `me` for the member of a token."""

from __future__ import annotations

from starlette.routing import Route

from sandbox import profile

tenant = [
    Route("/profiles", profile.index, methods=["GET"]),
    Route("/profiles", profile.create, methods=["POST"]),
    Route("/profiles/search-id", profile.search_id, methods=["POST"]),
    Route("/profiles/exists", profile.exists, methods=["POST"]),
    Route("/profiles/availability", profile.availability, methods=["POST"]),
    Route("/profiles/merge", profile.merge, methods=["POST"]),
    Route("/profiles/batch", profile.batch, methods=["POST"]),
]


def of_profile(path: str) -> list[Route]:
    """Serve one profile under its path."""
    return [
        Route(path, profile.read, methods=["GET"]),
        Route(path, profile.update, methods=["PUT"]),
        Route(path, profile.delete, methods=["DELETE"]),
        Route(f"{path}/purge", profile.delete, methods=["DELETE", "POST"]),  # C-7
        Route(f"{path}/update-type", profile.update_type, methods=["PUT"]),
        Route(f"{path}/attributes/{{kind}}", profile.attributes, methods=["GET", "PUT"]),
        Route(f"{path}/aggregations", profile.aggregations, methods=["GET"]),
    ]


own = [
    Route("/profiles", profile.create, methods=["POST"]),
    Route("/profiles/me", profile.read, methods=["GET"]),
    Route("/profiles/me", profile.update, methods=["PUT"]),
    Route("/profiles/me/attributes/{kind}", profile.attributes, methods=["GET", "PUT"]),
    Route("/profiles/me/aggregations", profile.aggregations, methods=["GET"]),
]
