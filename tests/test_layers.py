"""Imports point down, and the sandbox stands alone: this list is the drawing of it."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# From the top down; what shares a line does not import one another.
LAYERS = [
    {"gateway"},
    {"serving"},
    {"execution"},
    {"schema"},
    {"resolvers"},
    {"context"},
    {"writes", "loaders"},
    {"omneo"},
    {"telemetry", "pace"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
OURS = {*LEVEL, "config", "parsing", "sandbox", "scripts", "benchmarks", "tests"}
FILES = sorted(
    path
    for name in (*LEVEL, "config", "parsing", "sandbox")
    for path in ([ROOT / f"{name}.py"] if (ROOT / f"{name}.py").exists() else (ROOT / name).rglob("*.py"))
)


def imported(path: Path) -> set[str]:
    """Collect the top-level packages of ours that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found & OURS


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path: Path) -> None:
    """A file imports its own package and what lies below it; settings are read by the composition alone."""
    home = path.relative_to(ROOT).parts[0].removesuffix(".py")
    others = imported(path) - {home}
    if home in ("sandbox", "config", "parsing"):
        assert others <= ({"parsing"} if home == "config" else set())
        return
    if home == "gateway":
        others -= {"config"}
    assert {other for other in others if LEVEL.get(other, -1) <= LEVEL[home]} == set()


def test_no_relative_imports() -> None:
    """Every import names its package in full, so that the line above can be read off it."""
    for path in FILES:
        relative = [
            node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom) and node.level
        ]
        assert relative == [], path
