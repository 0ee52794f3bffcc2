"""The query page in a real Chromium: what a person sees who pastes a token and a query.

Left out where there is no Chromium; `.ci/run` installs one.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
from browser import CHROMIUM, Tab, open_tab
from house import OMNEO, SERVER, SERVICE
from http_support import DEVELOPMENT, on_socket

from config import Settings
from gateway import create_app
from sandbox.app import create_app as create_sandbox
from sandbox.settings import Settings as SandboxSettings

ADA = "f38b2ffc-80a4-4f5a-91c9-bc701e7ea419"


@dataclass
class Visit:
    """A tab with the page in it. `member` is a token of the seed's first member."""

    tab: Tab
    url: str
    member: str

    async def ask(self, query: str, variables: str = "") -> str:
        """Type a query, press Ctrl and Enter, and return the line that says how it went."""
        await self.tab.type("#query", query)
        await self.tab.type("#variables", variables)
        return await self.run()

    async def run(self) -> str:
        """Run what is there."""
        await self.tab.run("document.querySelector('#status').textContent = ''; query.focus()")
        await self.tab.press("Enter", ctrl=True)
        await self.tab.until("document.querySelector('#status').textContent.match(/ms|No|JSON|Stopped/)")
        return await self.text("#status")

    async def text(self, selector: str) -> str:
        """Read what stands in an element."""
        found: str = await self.tab.run(f"document.querySelector({json.dumps(selector)}).innerText")
        return found


@asynccontextmanager
async def visit() -> AsyncIterator[Visit]:
    """Open the page of a gateway over a sandbox, both on this machine."""
    sandbox = create_sandbox(SandboxSettings())
    async with (
        sandbox.router.lifespan_context(sandbox),
        httpx.AsyncClient(transport=httpx.ASGITransport(sandbox), base_url=OMNEO) as omneo,
        on_socket(create_app(Settings.from_environ(DEVELOPMENT), http=omneo)) as (host, port),
        open_tab() as tab,
    ):
        minted = await omneo.post("/id/api/v1/auth/token", json={"id": ADA}, headers=SERVER)
        visited = Visit(tab, f"http://{host}:{port}/graphql", minted.json()["data"]["token"])
        await tab.open(visited.url)
        yield visited


if CHROMIUM is not None:

    @pytest.fixture
    async def page() -> AsyncIterator[Visit]:
        """The page, just opened."""
        async with visit() as opened:
            yield opened

    async def test_first_query_runs_as_it_stands(page: Visit) -> None:
        """Paste a token, press Enter: members and their benefits, and what it cost; nothing comes from elsewhere."""
        await page.tab.type("#token", SERVICE)
        await page.tab.press("Enter")
        await page.tab.until("document.querySelector('#status').textContent.includes('ms')")
        status = await page.text("#status")
        assert status.startswith("200, ")
        assert "4 calls to Omneo" in status or "4 of at most" in status
        answer = json.loads(await page.text("#answer"))
        assert answer["data"]["profiles"]["nodes"][0]["firstName"] == "Ada"
        assert await page.text("#errors") == ""
        assert set(page.tab.loaded) == {page.url}
        assert page.tab.console == []

    async def test_every_example_runs(page: Visit) -> None:
        """Each names whose token it is for, and is answered without an error."""
        names = await page.tab.run("samples.map((each) => each.name)")
        assert len(names) >= 4
        for place, name in enumerate(names):
            await page.tab.type("#token", SERVICE if "service" in name else page.member)
            await page.tab.run(f"examples.value = '{place}'; examples.dispatchEvent(new Event('change'))")
            status = await page.run()
            assert status.startswith("200, "), (name, status)
            assert "errors" not in status, name

    async def test_errors_are_told_and_lead_to_their_place(page: Visit) -> None:
        """Message, code and position; a click selects the word in the query."""
        await page.tab.type("#token", SERVICE)
        assert "400, " in await page.ask("{\n  profiles {\n    nodes { nonsense }\n  }\n}")
        shown = await page.text("#errors")
        assert "nonsense" in shown
        assert "GRAPHQL_VALIDATION_FAILED" in shown
        await page.tab.run("document.querySelector('#errors button').click()")
        selected = await page.tab.run("query.value.slice(query.selectionStart, query.selectionEnd)")
        assert selected == "nonsense"
        assert (await page.ask("{ benefitDefinitions { totalCount } }")).startswith("200, ")
        assert await page.text("#errors") == ""

    async def test_missing_and_wrong_tokens_are_explained(page: Visit) -> None:
        assert (await page.ask("{ me { id } }")).startswith("401, ")
        assert "UNAUTHENTICATED" in await page.text("#errors")
        await page.tab.type("#token", "wrong")
        assert (await page.ask("{ me { id } }")).startswith("401, ")

    async def test_variables_that_are_no_json_are_not_sent(page: Visit) -> None:
        await page.tab.type("#token", SERVICE)
        sent = len(page.tab.loaded)
        assert "The variables are not JSON" in await page.ask("{ me { id } }", "{first: 1")
        assert len(page.tab.loaded) == sent

    async def test_of_several_operations_the_one_at_the_cursor_runs(page: Visit) -> None:
        await page.tab.type("#token", SERVICE)
        await page.ask("query One { me { id } }\nquery Two { two: benefitDefinitions { totalCount } }\n")
        assert json.loads(await page.text("#answer"))["data"].keys() == {"two"}

    async def test_what_can_be_asked_is_explained_as_far_as_one_follows_it(page: Visit) -> None:
        """From the start to a type, to an input, and back."""
        await page.tab.type("#token", SERVICE)
        await page.tab.run("document.querySelector('#schema').open = true")
        await page.tab.until("document.querySelector('#fields').innerText.includes('claimBenefit')")
        assert "The member who is asking" in await page.text("#fields")
        for step, expected in [
            ("Profile", "redeemableBenefits"),
            ("BenefitFilter", "Whether they have expired."),
        ]:
            click = f"[...document.querySelectorAll('#fields button')].find((b) => b.textContent === '{step}').click()"
            await page.tab.run(click)
            assert expected in await page.text("#fields")
        assert await page.text("#path") == "Start › Profile › BenefitFilter"
        await page.tab.run("document.querySelector('#path button').click()")
        assert "claimBenefit" in await page.text("#fields")

    async def test_token_stays_in_the_tab(page: Visit) -> None:
        """It outlives a reload, is hidden until it is shown, and is neither in what lasts nor in what is copied."""
        await page.tab.type("#token", "my-secret")
        await page.tab.run("window.isOld = true; setTimeout(() => location.reload())")
        await page.tab.until("!window.isOld && document.readyState === 'complete' && typeof token !== 'undefined'")
        assert await page.tab.run("[token.value, token.type]") == ["my-secret", "password"]
        assert await page.tab.run("[localStorage.length, document.cookie]") == [0, ""]
        await page.tab.send("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
        await page.tab.run("document.querySelector('#curl').click()")
        await page.tab.until("document.querySelector('#status').textContent.includes('Copied')")
        copied = await page.tab.run("navigator.clipboard.readText()")
        assert copied.startswith(f"curl -s {page.url} ")
        assert "my-secret" not in copied
        await page.tab.run("document.querySelector('#show').click()")
        assert await page.tab.run("token.type") == "text"

    async def test_what_comes_back_is_never_read_as_html(page: Visit) -> None:
        """Neither in an answer nor in an error."""
        await page.tab.type("#token", SERVICE)
        await page.ask('query { a: __typename @skip(if: "<img src=x onerror=alert(1)>") }')
        assert "<img" in await page.text("#errors")
        assert await page.tab.run("document.images.length") == 0
        assert page.tab.console == [] or all("400" in line for line in page.tab.console)
