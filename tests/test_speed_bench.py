"""The benchmark's harness runs, and measures what it says: no time is asserted anywhere."""

from collections.abc import Iterator
from xml.etree import ElementTree

import pytest

from benchmarks import load, report
from benchmarks.questions import Q0, Q1, Q2, Q3, QUESTIONS, Question, ask
from benchmarks.servers import Running, calls, gateway, peers, started, upstream
from benchmarks.speed import Different, Figures, Pace, Setting, check, measure

PACE = Pace(rounds=1, seconds=0.2, warm_up_s=0.1)


@pytest.fixture(scope="module")
def omneo() -> Iterator[int]:
    with upstream() as port:
        yield port


@pytest.fixture(scope="module")
def server(omneo: int) -> Iterator[Running]:
    with started(gateway("gateway"), omneo) as running:
        yield running


def test_answers_hold_what_is_measured(server: Running) -> None:
    """Fifty profiles with ten benefits each, every definition somewhere, and nothing is null."""
    profiles = ask(server.port, Q1.bodies()[0])["profiles"]["nodes"]
    benefits = [benefit for profile in profiles for benefit in profile["benefits"]["nodes"]]
    assert (len(profiles), len(benefits)) == (50, 500)
    assert len({benefit["definition"]["id"] for benefit in benefits}) == 20
    assert ask(server.port, Q2.bodies()[7])["profile"] == profiles[7]
    assert benefits[0]["expiresAt"] == "2027-01-02T23:59:59+00:00"


def test_calls_are_the_least_there_can_be(server: Running, omneo: int) -> None:
    """The plan of each question, counted by the Omneo it asks."""
    made = {}
    for question in QUESTIONS:
        before = calls(omneo)
        ask(server.port, question.bodies()[0])
        made[question.name] = calls(omneo) - before
    assert made == {"Q0": 0, "Q1": 51, "Q1 apart": 51, "Q2": 2, "Q3": 1}


def test_one_list_for_all_is_read_where_the_tenant_filters(omneo: int) -> None:
    with started(gateway("gateway"), omneo, "filter") as running:
        before = calls(omneo)
        ask(running.port, Q1.bodies()[0])
        assert calls(omneo) - before == 1 + 5


def test_a_wrong_answer_is_seen(server: Running) -> None:
    """An answer of another size, or not 200, is counted; one that differs stops the run."""
    assert load.run(server.port, Q3.requests(), seconds=0.1, connections=2, size=1).wrong > 0
    assert load.run(server.port, [b"GET /nowhere HTTP/1.1\r\nhost: x\r\n\r\n"], seconds=0.1, connections=1).wrong > 0
    assert load.run(server.port, Q3.requests(), seconds=0.1, connections=2).wrong == 0


def test_contestants_that_differ_are_not_compared(server: Running, omneo: int) -> None:
    with upstream("--profiles", "3") as other, started(gateway("other"), other) as smaller:
        with pytest.raises(Different, match="other answers Q1 otherwise than gateway"):
            check(Q1, [server, smaller])
        check(Q0, [server, smaller])


def test_a_run_ends_in_tables_and_a_plot() -> None:
    """Everybody who is there answers alike and is measured: CPU, answers, memory."""
    setting = Setting("in small", 0, "fanout", 4, (Q2,))
    questions: dict[Question, dict[str, Figures]] = measure(setting, PACE)
    names = ["gateway", "gateway, stock engine", *(peer.name for peer in peers())]
    assert list(questions[Q2]) == names
    assert all(figures.per_second[0] > 0 and figures.memory_mb > 10 for figures in questions[Q2].values())
    table = report.tables({setting: questions})
    assert [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ")][1:] == names
    assert ElementTree.fromstring(report.plot(questions)).tag.endswith("svg")  # noqa: S314 — our own plot
