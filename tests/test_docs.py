"""The documents are true: links lead somewhere, settings are all there, and the first query answers as printed."""

import json
import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from house import House

from config import Settings
from scripts.run import FIRST_QUERY

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*.md")]


def anchors(text: str) -> set[str]:
    """List what `#…` can point at: headings in lower case, hyphens for spaces, without punctuation."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to a file of ours, and to a heading in it."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name) if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), link


def test_every_document_is_in_an_index() -> None:
    """A decision, or any document of ours, is found from the index of its folder."""
    for folder in (ROOT / "docs", ROOT / "docs" / "adr"):
        index = (folder / "README.md").read_text(encoding="utf-8")
        pages = {page.name for page in folder.glob("*.md")} - {"README.md"}
        assert {name for name in pages if f"({name}" not in index} == set()


def test_decisions_are_numbered_as_their_files() -> None:
    """Each record begins with its number, and no number is used twice."""
    numbers = []
    for page in sorted((ROOT / "docs" / "adr").glob("0*.md")):
        numbers.append(int(page.name[:4]))
        assert page.read_text(encoding="utf-8").startswith(f"# {numbers[-1]}. ")
    assert len(set(numbers)) == len(numbers)


def settings_table() -> dict[str, str]:
    """Read the table of settings: name → default as it is written there."""
    table = README.split("## Configuration")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| `([A-Z_]+)` \| ([^|]+?) \|", table, re.MULTILINE))


def test_table_of_settings_has_them_all_and_no_other() -> None:
    """What config.py reads is in the README."""
    read = re.findall(r'(?:read|required|has)\("([A-Z_]+)"', (ROOT / "config.py").read_text(encoding="utf-8"))
    assert settings_table().keys() == set(read)


def test_table_of_settings_tells_the_defaults() -> None:
    """A default that is printed as a value is the one that holds."""
    settings = Settings.from_environ({"OMNEO_TENANT": "acme", "OMNEO_TOKEN": "x"})
    attributes = {"GATEWAY_ENV": "environment"}
    for name, default in settings_table().items():
        if default.startswith("`"):
            value = getattr(settings, attributes.get(name, name.lower()))
            written = f"{value:g}" if isinstance(value, float) else str(value)
            assert written == default.strip("`"), name


def pasted() -> Iterator[tuple[dict[str, Any], Any]]:
    """Yield the body of each curl line of the README, and the answer printed below it."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    for (_, command), (language, answer) in pairwise(blocks):
        if command.startswith("curl "):
            assert language == "json"
            yield json.loads(shlex.split(command)[-1]), json.loads(answer)


async def test_queries_of_the_readme_are_answered_as_printed(house: House) -> None:
    """The seed is the same on every start, so what the README shows is what a newcomer sees; a repeat too."""
    queries = [*pasted()] * 2
    assert len(queries) == 4
    for body, answer in queries:
        assert await house.data(body["query"]) == answer["data"]


def test_first_query_is_the_one_make_run_prints() -> None:
    """The README and `make run` show the same."""
    assert next(pasted())[0] == {"query": FIRST_QUERY}


def test_commands_exist() -> None:
    """Every `make …` in the documents is a target, every target is explained, and CI runs the README's test command."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set()
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"):
        for words in re.findall(r"(?:`|^)make ([a-z -]+?)(?:`|  +#|$)", page.read_text("utf-8"), re.MULTILINE):
            named.update(words.split())
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert {"run", "test"} <= named <= targets
    assert set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE)) == targets
    assert (ROOT / ".ci" / "run").read_text().endswith("exec make test\n")
