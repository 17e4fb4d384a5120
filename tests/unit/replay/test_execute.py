"""What is read out of a run of a monitor."""

from __future__ import annotations

import json

from deployer.cli.replay import as_text
from deployer.replay import execute
from deployer.replay.live import LiveResult

UNDELIVERED = json.dumps(
    {
        "event_status_list": [
            {
                "config_name": "prod-soc",
                "delivery_status": {"status_code": "500", "status_text": "Failed: Connection refused"},
            }
        ]
    }
)


def test_the_same_failure_of_many_messages_is_said_once_and_in_words() -> None:
    """Two messages that did not arrive are one error with channel and status; an error of another form stays as it is."""
    results = {str(number): {"a": {"output": {"message": "m"}, "error": UNDELIVERED}} for number in range(2)}
    results["2"] = {"a": {"output": {"message": "m"}, "error": "no such channel"}}

    run = execute.read({"trigger_results": {"t": {"action_results": results}}})

    assert "no message through prod-soc: 500 Failed: Connection refused; no such channel" == run.error
    assert ("m", "m", "m") == run.messages


def test_a_replay_tells_a_problem_of_many_runs_once() -> None:
    """What all runs say of the webhook is one line with the number of runs; another problem keeps its own."""
    problems = tuple(f"discovery: case {number}: the server says: refused" for number in range(3))
    text = as_text([LiveResult("AN0904", 2, 9, 9, (), (*problems, "the monitor x is not deployed"))], [])

    assert [
        "3 runs, the first AN0904: discovery: case 0: the server says: refused",
        "AN0904: the monitor x is not deployed",
        "0 of 1 analytics alerted on their positives and on none of their negatives, without a problem.",
    ] == text.splitlines()[-3:]
