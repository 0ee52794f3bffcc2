"""What clients were told, held against what is there."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from benchmarks.clients import ENDS, EXTENDED, Told
from benchmarks.town import Town

# A process that is killed while it sends is noticed after a quarantine and an interval, and read back for by others.
PENDING_AT_MOST_S = 6.0


@dataclass
class Report:
    """Say what happened to `keys` wishes, each of which is one write, and one in five of them two."""

    keys: int = 0
    writes: int = 0
    duplicates: int = 0
    phantoms: int = 0  # reported, and not there; or reported as not made, and there
    disagreements: int = 0  # two answers for one key
    unanswered: int = 0
    pending_s: list[float] = field(default_factory=list, repr=False)
    kills: int = 0
    seconds: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)

    @property
    def is_clean(self) -> bool:
        """Tell whether the promise was kept."""
        broken = self.duplicates + self.phantoms + self.disagreements + self.unanswered
        return broken == 0 and max(self.pending_s, default=0.0) <= PENDING_AT_MOST_S

    def __str__(self) -> str:
        pending = sorted(self.pending_s) or [0.0]
        parts = [f"{share:.1%}: {pending[int(share * (len(pending) - 1))]:.1f} s" for share in (0.5, 0.99, 0.999, 1.0)]
        return f"{self!r}, pending {len(self.pending_s)} ({', '.join(parts)})"

    def add(self, other: Report) -> None:
        """Count another round in."""
        for name in ("keys", "writes", "duplicates", "phantoms", "disagreements", "unanswered", "kills", "seconds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.pending_s += other.pending_s
        self.outcomes += other.outcomes


async def counted(town: Town, told: Told, *, settle_s: float) -> Report:
    """Count, once nothing can land any more."""
    await asyncio.sleep(settle_s)
    report = Report()
    benefits = {row["id"]: row for row in await town.listed("/api/v3/benefits")}
    redemptions, used = await _redemptions(town)
    made = Counter(row["external_id"] for row in benefits.values() if str(row["external_id"]).startswith("gw1-"))
    report.writes, report.unanswered = len(told.answers), len(told.unanswered)
    report.duplicates = sum(made.values()) - len(made)
    report.disagreements = sum(len(answers) > 1 for answers in told.answers.values())
    revoked = {benefit for what, benefit, _ in told.done_next if what == "revoke"}
    for what, benefit, key in told.done_next:
        times = _times(what, benefits.get(benefit), used[benefit])
        said = {answer.isdigit() for answer in told.answers[key]}
        report.duplicates += max(0, times - 1)
        report.phantoms += (True in said and times == 0) or (said == {False} and times > 0)
        if what == "redeem":
            report.phantoms += len({each for each in told.answers[key] if each.isdigit()} - redemptions)
    followed = {key for _, _, key in told.done_next}
    for key, answers in told.answers.items():
        if key not in followed:
            ids = {int(answer) for answer in answers if answer.isdigit()}
            report.phantoms += len(ids - benefits.keys() - revoked)
    report.pending_s, report.outcomes = told.pending_s, told.outcomes
    return report


def _times(what: str, benefit: dict[str, Any] | None, used: int) -> int:
    """Tell how often something was done with a benefit."""
    if what == "redeem":
        return used
    if what == "revoke":
        return int(benefit is None)
    ends = None if benefit is None else benefit["expires_at"]
    return {ENDS: 0, EXTENDED: 1}.get(str(ends), 2)


async def _redemptions(town: Town) -> tuple[set[str], Counter[int]]:
    """List the ids of all redemptions, and count how often each benefit was used."""
    ids: set[str] = set()
    used: Counter[int] = Counter()
    for profile in await town.listed("/api/v3/profiles"):
        for row in await town.listed(f"/api/v3/profiles/{profile['id']}/redemptions"):
            ids.add(str(row["id"]))
            used.update(item["type_attributes"]["id"] for item in row["items"] if item["type_attributes"])
    return ids, used
