"""A stand-in Omneo that anyone can run: Omneo's documented REST API over SQLite, with its rules and its quirks.

It imports nothing of the gateway, so that it cannot agree with the gateway's mistakes; docs/omneo/openapi.yaml is the
referee. Sections cited in this package are those of docs/omneo/API.md.
"""
