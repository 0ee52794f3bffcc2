"""What has been logged so far, the lines that wait for the end of the event loop's turn included."""

import pytest

import telemetry


def written(capsys: pytest.CaptureFixture[str]) -> str:
    telemetry.flush()
    return capsys.readouterr().err
