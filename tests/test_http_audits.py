"""The official audits of GraphQL over HTTP, against the gateway on a real socket.

They come from npm: `make audits` fetches them where npm is at hand, and says so where it is not.
"""

import asyncio
import json
from pathlib import Path

from http_support import DEVELOPMENT, on_socket

from config import Settings
from gateway import create_app

AUDITS = Path(__file__).parent / "http_audits"

if (AUDITS / "node_modules").is_dir():

    async def test_every_audit_of_graphql_over_http_passes() -> None:
        """61 of 61: not one MUST, SHOULD or MAY is missed."""
        async with on_socket(create_app(Settings.from_environ(DEVELOPMENT))) as (host, port):
            command = ("node", "audits.js", f"http://{host}:{port}/graphql", "sandbox-service-key")
            node = await asyncio.create_subprocess_exec(*command, cwd=AUDITS, stdout=asyncio.subprocess.PIPE)
            printed, _ = await node.communicate()
        audits = [json.loads(line) for line in printed.splitlines()]
        assert [audit for audit in audits if audit["status"] != "ok"] == []
        assert len(audits) == 61
