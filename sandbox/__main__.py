"""Start the sandbox: `python -m sandbox --port 8001`."""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import sys

from sandbox.app import create_app
from sandbox.problems import Problem
from sandbox.server import serve
from sandbox.settings import Settings

_EPILOG = """\
The server token is $SANDBOX_TOKEN, or sandbox-token. It opens /api/v3 and mints members' tokens at
POST /id/api/v1/auth/token; those open /id/api/v1. GET /api/health needs none.

Beside the API, for tests:
  GET, DELETE       /_sandbox/calls        the journal of API calls
  GET, PUT, DELETE  /_sandbox/faults       what shall go wrong: a JSON list of rules
  GET, PUT, DELETE  /_sandbox/settings     the settings below, some of them or all
  GET, DELETE       /_sandbox/deliveries   what was delivered to webhooks
  POST              /_sandbox/reset        back to the seed

Settings, with their defaults:
{settings}
"""


def main() -> int:
    """Read the command line and serve. Returns the exit code: 2 for a wrong argument, 1 when the port is taken."""
    parser = _parser()
    arguments = parser.parse_args()
    try:
        settings = Settings().changed(json.loads(arguments.settings))
    except (ValueError, AttributeError):
        parser.error("--settings: must be a JSON object")
    except Problem as problem:
        parser.error(f"--settings: {json.dumps(problem.body['errors'])}")
    token = os.environ.get("SANDBOX_TOKEN") or "sandbox-token"
    try:
        app = create_app(settings, token=token, db=arguments.db, seeded=not arguments.empty)
    except sqlite3.Error as error:
        parser.error(f"--db: {arguments.db} cannot be used: {error}")
    return serve(app, arguments.host, arguments.port)


def _parser() -> argparse.ArgumentParser:
    defaults = "\n".join(f"  {name}: {json.dumps(value)}" for name, value in Settings().as_json().items())
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="A stand-in Omneo that anyone can run: its REST API over SQLite, with its rules and its quirks.",
        epilog=_EPILOG.format(settings=defaults),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (127.0.0.1)")
    parser.add_argument("--port", type=_port, default=8001, help="0 takes a free one, and is told (8001)")
    parser.add_argument("--db", metavar="FILE", help="a SQLite file to keep the data in; without it, nothing is kept")
    parser.add_argument("--empty", action="store_true", help="begin without the seed")
    parser.add_argument("--settings", metavar="JSON", default="{}", help="an object of settings, as below")
    return parser


def _port(value: str) -> int:
    port = int(value)
    if not 0 <= port <= 65_535:
        raise ValueError("no such port")
    return port


if __name__ == "__main__":
    sys.exit(main())
