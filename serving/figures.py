"""The figures of all workers, told by whichever of them is asked: each writes its own down, and adds up everybody's."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

import telemetry
from serving.metrics import Metrics, Numbers

_EVERY_S = 1.0

_decoder = msgspec.json.Decoder(Numbers)


class Figures:
    """Tell the metrics of this process, and once they are shared those of the other workers too.

    Each worker has a file of its own, written every second and whenever it is asked. Whoever takes the place of one
    that died goes on from what that had counted, so that no counter ever falls; a second of it may be lost.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._file: Path | None = None

    def share(self, folder: Path, place: int) -> None:
        """Count as the worker at this place, of those that have their files in a folder."""
        self._file = folder / f"{place}.json"
        if self._file.exists():
            before = _decoder.decode(self._file.read_bytes())
            before.in_flight = 0  # nobody answers them any more
            self._metrics.add(before)

    def text(self) -> bytes:
        """Return the figures in Prometheus' text format; those of this process where the others' cannot be had."""
        if self._file is None:
            return self._metrics.text()
        try:
            return self._whole(self._file)
        except OSError as error:
            _complain(error)
            return self._metrics.text()

    def _whole(self, file: Path) -> bytes:
        self._write(file)
        whole = Metrics()
        for each in file.parent.glob("*.json"):
            whole.add(_decoder.decode(each.read_bytes()))
        return whole.text()

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Write them down again and again while this is open, where they are shared."""
        if self._file is None:
            yield
            return
        keeping = asyncio.create_task(self._keep(self._file))
        try:
            yield
        finally:
            keeping.cancel()

    async def _keep(self, file: Path) -> None:
        while True:
            try:
                self._write(file)
            except OSError as error:
                _complain(error)
            await asyncio.sleep(_EVERY_S)

    def _write(self, file: Path) -> None:
        """Write them in one step: whoever reads finds the old ones or the new ones, whole."""
        file.parent.mkdir(mode=0o700, exist_ok=True)  # should somebody have tidied it away
        new = file.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(self._metrics.numbers()))
        os.replace(new, file)


def _complain(error: OSError) -> None:
    telemetry.log("figures not shared", level="warning", **telemetry.cause(error))
