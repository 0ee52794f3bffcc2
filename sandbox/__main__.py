"""Start the sandbox: `python -m sandbox --port 8001`."""

from __future__ import annotations

import argparse
import json
import os
import sys

from sandbox.app import create_app
from sandbox.problems import Problem
from sandbox.server import serve
from sandbox.settings import Settings


def main() -> int:
    """Read the command line and serve. Returns the exit code: 2 for a wrong argument, 1 when the port is taken."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A stand-in Omneo that anyone can run.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001, help="0 takes a free one")
    parser.add_argument("--db", help="a SQLite file to keep the data in; without it, nothing is kept")
    parser.add_argument("--empty", action="store_true", help="begin without the seed")
    parser.add_argument("--settings", default="{}", help="switches, as JSON (see sandbox/settings.py)")
    arguments = parser.parse_args()
    try:
        settings = Settings().changed(json.loads(arguments.settings))
    except (ValueError, AttributeError, TypeError):
        parser.error("--settings must be a JSON object")
    except Problem as problem:
        parser.error(f"--settings: {json.dumps(problem.body['errors'])}")
    token = os.environ.get("SANDBOX_TOKEN") or "sandbox-token"
    app = create_app(settings, token=token, db=arguments.db, seeded=not arguments.empty)
    return serve(app, arguments.host, arguments.port)


if __name__ == "__main__":
    sys.exit(main())
