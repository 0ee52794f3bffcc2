"""Figures as Markdown tables and as a plot, relative to the gateway's own."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.questions import Question
    from benchmarks.speed import Figures, Setting

    Results = dict[Setting, dict[Question, dict[str, Figures]]]

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
PLOT = DOCUMENT.with_suffix(".svg")
_BEGIN, _END = "<!-- figures: written by `make bench` -->", "<!-- end of figures -->"
_COLUMNS = (
    "",
    "CPU a request",
    "our CPU ÷ theirs",
    "requests a second",
    "p50",
    "p99",
    "calls",
    "under load",
    "peak memory",
)
_COLOURS = ("#1f6f5c", "#7fb8a4", "#c9752d", "#8a5a9e")


def tables(results: Results) -> str:
    """Write a table for each question of each setting; ratios are inside the run, and so is everything else."""
    parts: list[str] = []
    for setting, questions in results.items():
        parts.append(f"### {setting.name} ({setting.connections} clients at a time)")
        for question, figures in questions.items():
            parts.append(f"**{question.name}**, {question.title}")
            lines = [f"| {' | '.join(_COLUMNS)} |", f"|---{'|---:' * (len(_COLUMNS) - 1)}|"]
            ours = next(iter(figures.values())).cpu()
            lines += [_row(name, each, ours) for name, each in figures.items()]
            parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _row(name: str, figures: Figures, ours_ms: float) -> str:
    median = statistics.median
    cells = (
        name,
        f"{figures.cpu():.2f} ms",
        f"{ours_ms / figures.cpu():.2f}" if ours_ms != figures.cpu() else "1",
        f"{median(figures.per_second):,.0f}",
        f"{median(figures.p50_ms):.1f} ms",
        f"{median(figures.p99_ms):.1f} ms",
        str(figures.calls),
        f"{median(figures.calls_loaded):.1f}",
        f"{figures.memory_mb:.0f} MB",
    )
    return f"| {' | '.join(cells)} |"


def keep(results: Results) -> None:
    """Put the tables into the document, and the plot beside it."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(_BEGIN)
    after = rest.partition(_END)[2]
    DOCUMENT.write_text(f"{before}{_BEGIN}\n\n{tables(results)}\n\n{_END}{after}", encoding="utf-8")
    PLOT.write_text(plot(next(iter(results.values()))), encoding="utf-8")


def plot(questions: dict[Question, dict[str, Figures]]) -> str:
    """Draw CPU per request, the gateway's as 1, one group of bars for each question."""
    left, width, bar, top = 190, 420, 18, 40
    parts, y = [], top
    longest = max(max(_relative(figures).values()) for figures in questions.values())
    for question, figures in questions.items():
        parts.append(f'<text x="8" y="{y + 13}" font-weight="bold">{question.name}</text>')
        for colour, (name, ratio) in zip(_COLOURS, _relative(figures).items(), strict=False):
            parts.append(f'<text x="{left - 8}" y="{y + 13}" text-anchor="end">{name}</text>')
            length = max(2.0, width * ratio / longest)
            parts.append(f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{bar - 4}" fill="{colour}"/>')
            parts.append(f'<text x="{left + length + 6:.1f}" y="{y + 12}">{ratio:.2f}</text>')
            y += bar
        y += 12
    title = '<text x="8" y="22" font-size="15">CPU per request, the gateway is 1: shorter is better</text>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 60}" height="{y}" font-family="sans-serif"'
    background = '<rect width="100%" height="100%" fill="white"/>'
    return "\n".join([f'{head} font-size="12">', background, title, *parts, "</svg>"]) + "\n"


def _relative(figures: dict[str, Figures]) -> dict[str, float]:
    ours = next(iter(figures.values())).cpu()
    return {name: each.cpu() / ours for name, each in figures.items()}
