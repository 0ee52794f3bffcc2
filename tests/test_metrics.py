"""What Prometheus reads: requests, Omneo's routes, batches and refusals, each under a bounded set of names."""

import asyncio
import json
import re
import shutil
from pathlib import Path

import httpx
import pytest
from endpoint import KEY
from house import House, open_house
from http_support import DEVELOPMENT, on_socket
from lines import written

from config import Settings
from gateway import create_app
from serving.figures import Figures
from serving.metrics import Metrics
from serving.protocol import HeadLimits
from telemetry import Tally

DEEP = "query Deep { me " + "{ benefits { nodes { profile " * 6 + "{ id }" + " } } }" * 6 + " }"


async def figures(client: httpx.AsyncClient) -> dict[str, float]:
    """Read all figures by their name and labels, the latter in the order of the alphabet."""
    text = (await client.get("/metrics")).text
    found = re.findall(r"^(\w+)(?:\{(.*?)\})? (\S+)$", text, re.MULTILINE)
    return {
        f"{name}{{{','.join(sorted(labels.split(',')))}}}" if labels else name: float(value)
        for name, labels, value in found
    }


async def test_requests_routes_and_batches_are_counted(house: House) -> None:
    """How often, how long, how many keys at once: by operation, by route template, by loader."""
    ids = await house.profile_ids(3)
    many = " ".join(f'p{n}: profile(id: "{each}") {{ id benefits {{ totalCount }} }}' for n, each in enumerate(ids))
    await house.data(f"query Many {{ {many} }}")
    await house.ask("query Broken { nope }")
    seen = await figures(house.gateway)
    assert seen['gateway_requests_total{operation="Many",outcome="ok"}'] == 1
    assert seen['gateway_requests_total{operation="none",outcome="refused"}'] == 1
    assert seen['gateway_request_seconds_count{operation="Many"}'] == 1
    assert seen['gateway_errors_total{code="GRAPHQL_VALIDATION_FAILED"}'] == 1
    assert seen['gateway_omneo_calls_total{route="GET /profiles/{profile}/benefits"}'] == 3
    assert seen['gateway_omneo_call_seconds_count{route="GET /profiles/{profile}/benefits"}'] == 3
    assert seen['gateway_omneo_call_seconds_sum{route="GET /profiles/{profile}/benefits"}'] > 0
    assert seen['gateway_batch_keys_count{loader="BenefitsByProfileId"}'] == 1
    assert seen['gateway_batch_keys_bucket{le="2.0",loader="BenefitsByProfileId"}'] == 0
    assert seen['gateway_batch_keys_bucket{le="5.0",loader="BenefitsByProfileId"}'] == 1
    assert seen['gateway_batch_keys_bucket{le="+Inf",loader="BenefitsByProfileId"}'] == 1
    assert seen['gateway_batch_keys_sum{loader="BenefitsByProfileId"}'] == 3
    assert seen["gateway_requests_in_flight"] == 0


async def test_repeats_have_a_time_each_and_are_counted_apart(house: House) -> None:
    await house.faults({"path": "*", "action": "status", "status": 503, "times": 1})
    await house.data("query Again { profiles { totalCount } }")
    seen = await figures(house.gateway)
    assert seen["gateway_omneo_retries_total"] == 1
    assert seen['gateway_omneo_calls_total{route="GET /profiles"}'] == 1
    assert seen['gateway_omneo_call_seconds_count{route="GET /profiles"}'] == 2


@pytest.mark.parametrize(("mode", "label"), [("enforce", "enforced"), ("log", "logged")])
async def test_refusals_are_counted_by_limit(mode: str, label: str) -> None:
    """Of documents, prices and budgets; also those that would have been, where limits are only logged."""
    limits = {"COST_LIMIT": "1", "CALLS_PER_MINUTE_SERVICE": "1", "LIMIT_DEPTH": "15", "LIMITS": mode}
    async with open_house(limits) as house:
        await house.ask(DEEP)
        await house.ask("{ profiles { nodes { benefits { totalCount } } } }")
        for _ in range(2):
            await house.ask("{ profiles { totalCount } }")
        seen = await figures(house.gateway)
        for limit in ("LIMIT_DEPTH", "COST_LIMIT", "RATE_LIMITED"):
            assert seen[f'gateway_limit_refusals_total{{limit="{limit}",mode="{label}"}}'] >= 1, limit


async def test_omneos_limits_are_not_ours(house: House) -> None:
    """An alert on refusals is about what we refuse."""
    await house.faults({"path": "*", "action": "status", "status": 429, "retry_after": 60})
    await house.ask('{ a: benefit(id: "1") { id } b: benefit(id: "2") { id } }')
    seen = await figures(house.gateway)
    assert seen['gateway_errors_total{code="UPSTREAM_RATE_LIMITED"}'] == 2
    assert not [name for name in seen if name.startswith("gateway_limit_refusals")]


def test_names_are_bounded_from_one_worker_to_the_next(tmp_path: Path) -> None:
    """Whoever takes the place of one that died has its names, and gives none of their own besides."""
    for life in range(3):
        metrics = Metrics()
        figures = Figures(metrics)
        figures.share(tmp_path, 0)
        for number in range(60):
            metrics.observe(f"Operation{life}{number}", "ok", 0.01, [], Tally())
        text = figures.text().decode()
        assert text.count("gateway_requests_total{") == 51
    assert 'gateway_requests_total{operation="other",outcome="ok"} 130.0' in text


def test_figures_outlive_the_folder_they_are_shared_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is made anew where somebody tidied it away; where it cannot be, a worker tells its own, and the log why."""
    metrics = Metrics()
    figures = Figures(metrics)
    figures.share(tmp_path / "figures", 0)
    metrics.observe("Operation", "ok", 0.01, [], Tally())
    for _ in range(2):
        assert b'gateway_requests_total{operation="Operation",outcome="ok"} 1.0' in figures.text()
        shutil.rmtree(tmp_path / "figures")
    (tmp_path / "figures").write_text("in the way")
    assert b'gateway_requests_total{operation="Operation",outcome="ok"} 1.0' in figures.text()
    assert '"event":"figures not shared"' in written(capsys)


async def test_who_is_cut_off_before_there_is_a_request_is_counted_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    app = create_app(Settings.from_environ(DEVELOPMENT))
    async with (
        on_socket(app, HeadLimits(seconds=0.2)) as (host, port),
        httpx.AsyncClient(base_url=f"http://{host}:{port}") as client,
    ):
        for head in (b"GET / HTTP/1.1\r\nx-a: " + b"a" * 17_000 + b"\r\n\r\n", b"GET / HT"):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(head)
            await asyncio.wait_for(reader.read(), 5)
            writer.close()
        seen = await figures(client)
    told = [json.loads(line) for line in written(capsys).splitlines() if '"event":"request"' in line]
    assert [line["codes"] for line in told] == [["LIMIT_HEADERS"], ["LIMIT_TIME"]]
    for limit in ("LIMIT_HEADERS", "LIMIT_TIME"):
        assert seen[f'gateway_limit_refusals_total{{limit="{limit}",mode="enforced"}}'] == 1


async def test_names_that_clients_choose_are_bounded(house: House) -> None:
    """Fifty operations have a name of their own; a very long one is cut."""
    for number in range(60):
        query = f"query {'N' * 300}{number} {{ __typename }}" if number == 1 else f"query N{number} {{ __typename }}"
        assert (await house.gateway.post("/graphql", json={"query": query}, headers=KEY)).status_code == 200
    text = (await house.gateway.get("/metrics")).text
    assert text.count("gateway_requests_total{") == 51
    assert "N" * 101 not in text
