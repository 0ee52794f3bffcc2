"""The query page a browser gets at /graphql: one document of ours, and the policy that lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

from serving.asgi import Headers

_HTML = Path(__file__).with_name("page.html")


class Page:
    """Hold the page's bytes, and the headers that name its own script and style by their hashes."""

    def __init__(self) -> None:
        style, script = (_HTML.with_suffix(suffix).read_bytes() for suffix in (".css", ".js"))
        page = _HTML.read_bytes()
        page = page.replace(b"<style></style>", b"<style>" + style + b"</style>")
        self.body = page.replace(b"<script></script>", b"<script>" + script + b"</script>")
        policy = "; ".join(
            (
                "default-src 'none'",
                f"script-src {_hashes(self.body, 'script')}",
                f"style-src {_hashes(self.body, 'style')}",
                "connect-src 'self'",
                "img-src data:",
                "base-uri 'none'",
                "form-action 'none'",
                "frame-ancestors 'none'",
            )
        )
        self.headers: Headers = [
            (b"content-security-policy", policy.encode()),
            (b"referrer-policy", b"no-referrer"),
            (b"x-frame-options", b"DENY"),
        ]


def _hashes(page: bytes, element: str) -> str:
    parts = re.findall(rb"<%b>(.*?)</%b>" % (element.encode(), element.encode()), page, re.DOTALL)
    digests = (base64.b64encode(hashlib.sha256(part).digest()).decode() for part in parts)
    return " ".join(f"'sha256-{digest}'" for digest in digests)
