"""Fires monitors and workflows when they are due.

One task for each enabled job waits for the job's next time; the runs themselves are bounded in number, and a job that still runs
when it is due again is left out that time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from deployer.local.service.errors import Json, ServerError
from deployer.local.service.schedules import next_run, on_time, period_ending_at
from deployer.local.service.store import Job, Store
from deployer.local.service.times import now_ms

_LOG = logging.getLogger(__name__)
_AT_ONCE = 4
_SWEEP_S = 60.0
_MOST_JOBS = 10_000
_LONGEST_SLEEP_S = 3600.0

Run = Callable[[Job, int, int], Awaitable[None]]
Changed = Callable[[Job | None, str], Awaitable[None]]


@dataclass(slots=True)
class _Scheduled:
    job: Job
    task: asyncio.Task[None]
    last: int | None = None
    running: bool = False


class Scheduler:
    """Knows the enabled jobs and runs them. `run` runs a job over a period; `moved` looks after a changed job's alerts."""

    def __init__(self, store: Store, run: Run, moved: Changed) -> None:
        self._store = store
        self._run = run
        self._moved = moved
        self._jobs: dict[str, _Scheduled] = {}
        self._versions: dict[str, int] = {}
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self.swept = now_ms()
        self.enabled = True

    async def run_until_stopped(self, stopped: asyncio.Event) -> None:
        """Looks at all jobs now and then, until `stopped`."""
        while not stopped.is_set():
            await self.sweep()
            try:
                await asyncio.wait_for(stopped.wait(), _SWEEP_S)
            except TimeoutError:
                continue
        await self.stop()

    async def sweep(self) -> None:
        """Makes sure that exactly the enabled jobs are scheduled."""
        exist = {"bool": {"should": [{"exists": {"field": "monitor"}}, {"exists": {"field": "workflow"}}]}}
        try:
            jobs = await self._store.jobs(exist, size=_MOST_JOBS)
        except ServerError as error:
            if error.failure.kind != "index_not_found":
                _LOG.warning("cannot look for jobs: %s", error.failure.message)
                return
            jobs = []
        for job_id in set(self._jobs) - {job.id for job in jobs}:
            self._forget(job_id)
        for job in jobs:
            if job.version > self._versions.get(job.id, 0):
                self._schedule(job)
        self.swept = now_ms()

    def switched(self, *, enabled: bool) -> None:
        """Switches all scheduling on or off."""
        if enabled == self.enabled:
            return
        self.enabled = enabled
        if not enabled:
            for job_id in list(self._jobs):
                self._forget(job_id)
        self._versions.clear()

    def changed(self, job: Job) -> None:
        """Says that a job was written."""
        self._schedule(job)
        self._start(self._moved(job, job.id))

    def deleted(self, job_id: str) -> None:
        """Says that a job was deleted."""
        self._forget(job_id)
        self._versions.pop(job_id, None)
        self._start(self._moved(None, job_id))

    def metrics(self) -> Json:
        """Gives each scheduled job's last run and whether it keeps its schedule."""
        now = now_ms()
        result: Json = {}
        for job_id, scheduled in self._jobs.items():
            info: Json = {} if scheduled.last is None else {"last_execution_time": scheduled.last}
            kept = on_time(scheduled.job.body["schedule"], scheduled.last, now)
            result[job_id] = info | {"running_on_time": kept}
        return result

    async def stop(self) -> None:
        """Ends everything."""
        tasks = [scheduled.task for scheduled in self._jobs.values()] + list(self._tasks)
        self._jobs.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _schedule(self, job: Job) -> None:
        self._forget(job.id)
        self._versions[job.id] = job.version
        if self.enabled and job.body["enabled"] and job.body["enabled_time"] is not None:
            self._jobs[job.id] = _Scheduled(job, asyncio.create_task(self._wait(job.id)))

    def _forget(self, job_id: str) -> None:
        scheduled = self._jobs.pop(job_id, None)
        if scheduled is not None:
            scheduled.task.cancel()

    async def _wait(self, job_id: str) -> None:
        """Waits for a job's next time again and again."""
        due: int | None = None
        scheduled = self._jobs[job_id]
        schedule = scheduled.job.body["schedule"]
        while True:
            due = next_run(schedule, scheduled.job.body["enabled_time"], due, now_ms())
            if due is None:
                return
            while (left := due - now_ms()) > 0:
                await asyncio.sleep(min(left / 1000, _LONGEST_SLEEP_S))
            await asyncio.sleep(0)
            start, end = period_ending_at(schedule, due)
            scheduled.last = now_ms()
            if not scheduled.running:
                scheduled.running = True
                self._start(self._run_once(scheduled, start, end))

    async def _run_once(self, scheduled: _Scheduled, start: int, end: int) -> None:
        try:
            async with self._slots:
                await self._run(scheduled.job, start, end)
        except ServerError as error:
            _LOG.warning("run of %s failed: %s", scheduled.job.id, error.failure.message)
        finally:
            scheduled.running = False

    def _start(self, work: Awaitable[None]) -> None:
        """Runs something in the background, kept until it ends."""
        task = asyncio.ensure_future(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _logged(work: Awaitable[None]) -> None:
    try:
        await work
    except ServerError as error:
        _LOG.warning("%s", error.failure.message)
