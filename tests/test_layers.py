"""Imports point down, and the stand-in Omneo stands alone; the contracts are drawn in pyproject.toml."""

from importlinter.cli import lint_imports


def test_imports_point_down() -> None:
    """No layer imports one above it; sandbox and gateway do not know each other."""
    assert lint_imports(cache_dir=None) == 0
