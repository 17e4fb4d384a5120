"""What an environment says of a monitor or a workflow: whether it runs, how urgent it is, when it runs, who is told."""

from __future__ import annotations

from deployer.model.environment import Environment, MonitorOverride


def override_of(environment: Environment | None, analytic: str, key: str) -> MonitorOverride:
    """What the environment says of the analytic, and over it of its monitor or workflow `key`."""
    result = MonitorOverride()
    for name in (analytic, f"{analytic}/{key}"):
        item = environment.monitors.get(name) if environment else None
        if item is not None:
            result = MonitorOverride(
                result.enabled and item.enabled,
                item.severity or result.severity,
                item.schedule or result.schedule,
                item.reminder or result.reminder,
            )
    return result


def channels_of(environment: Environment | None, severity: str) -> tuple[str, ...]:
    """The keys of the channels that hear of alerts of a severity."""
    if environment is None:
        return ()
    return environment.notify.get(severity, environment.notify.get("default", ()))
