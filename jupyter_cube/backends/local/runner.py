"""The owner of one local job: ``python -m jupyter_cube.backends.local.runner JOBDIR``.

It is the parent of nothing. Every task is adopted: known by pid and start time, watched by a pidfd, judged by the
exit record that its wrapper leaves. So going on after a crash of an owner is the ordinary path.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from jupyter_cube import ownership
from jupyter_cube.backends.local import nodes
from jupyter_cube.backends.local.journal import Journal
from jupyter_cube.backends.local.live import End, Live
from jupyter_cube.backends.local.starter import Starter
from jupyter_cube.errors import BackendError, StoreError
from jupyter_cube.host import limits
from jupyter_cube.host.lockfile import somebody_waits
from jupyter_cube.lifecycle import hold
from jupyter_cube.lifecycle.plan import Plan
from jupyter_cube.lifecycle.state import Exit, JobState, State, TaskState, Verdict, fold, verdict
from jupyter_cube.log.timeline import Recorder
from jupyter_cube.store import folder as folders
from jupyter_cube.store.folder import JobFolder, Owner

_JUST_NOW = 0.3  # seconds; what began longer before this owner has written while nobody watched
_SPACE_PERIOD = 2.0  # seconds between looks at the size of the logs
_RETRY_LIMIT = 30.0  # seconds, the longest pause before a failed task is tried again


class Runner:
    """Brings one job from where it is to its end.

    Args:
        before: the last owner; where it was another one, what the logs hold now appeared while nobody watched.
    """

    def __init__(self, folder: JobFolder, before: Owner | None) -> None:
        self.folder = folder
        self.late = before is not None and before.identity != folders.me()
        self.lost = "" if before is None or before.here else before.lost
        self.plan: Plan = folder.plan
        self.recorder = Recorder(folder.path, folder.task_names)
        self.recorder.watch(folder.path / "orders")
        self.live: dict[int, Live] = {}
        self.starter = Starter(folder)
        self.ending: Verdict | None = None
        self.keeps_holds = False  # the job has failed, and the tasks that are held stay so
        self.up = time.time()
        self.journal = Journal(folder.path / "states.jsonl")
        self._may_hold = any(hold.holds(role) for role in self.plan.roles)
        self._shares = nodes.used(self.plan)
        self._unstarted_reason = ""
        self._space_at = time.monotonic() + _SPACE_PERIOD
        self.state: JobState = fold(self.plan, folder.records())

    @property
    def tasks(self) -> tuple[TaskState, ...]:
        return self.state.tasks

    # ---- records

    def _note(self, **record: Any) -> None:
        record = {"time": time.time(), **record}
        self.journal.add(record)
        self.state = fold(self.plan, [record], self.state)

    # ---- the loop

    def run(self) -> None:
        """Until the job has ended, or waits for resources with nothing of it running."""
        while True:
            self._begin_attempt()
            if not self._over():
                # Not at the top, so that a job of a few milliseconds is not held up by it, and not later, so that
                # all of it is of one version when the package is upgraded under a long job.
                from jupyter_cube.backends.local import start  # noqa: F401
            while not self._over() and not self._try_again():
                if self._queued():
                    return
                self._wait()
                self._turn()
            if not self._try_again():
                return

    def _turn(self) -> None:
        """One look at everything; cheap when nothing has happened."""
        if self._over():
            return  # another owner has ended the job: an end stays as it is
        self._stop_requests()
        self._adopt()
        self._holds()
        self._ends()
        self._policy()
        self._start()
        self.recorder.record(time.time())
        self.journal.flush()

    def _begin_attempt(self) -> None:
        order = self.folder.attempts()[-1]
        if order.number > self.state.attempt:
            self._note(**order.record())
        self.ending, self.keeps_holds = None, False
        self._turn()

    def _over(self) -> bool:
        return self.state.state.final

    def _queued(self) -> bool:
        from jupyter_cube.backends.local import start

        with self.folder.starting() as free:
            idle = free and not self.live and self.ending is None
        return idle and start.ticket_of(self.folder) is not None

    def _wait(self) -> None:
        now = time.monotonic()
        due = min((live.deadline for live in self.live.values()), default=now + 60.0)
        due = min(due, self.starter.due(self.tasks, self._waiting()))
        if any(live.pidfd is None for live in self.live.values()):
            due = min(due, now + 0.01)  # no pidfd here: ends are found by looking
        if self.live:
            due = min(due, self._space_at)
        if self.plan.timeout and self.state.started:
            due = min(due, now + max(0.0, self.state.started + self.plan.timeout - time.time()))
        fds = [live.pidfd for live in self.live.values() if live.pidfd is not None]
        self.recorder.wait(max(0.0, min(due - now, 60.0)), fds)

    # ---- what people ask for

    def _stop_requests(self) -> None:
        if self._over() or (self.ending is not None and not self.keeps_holds):
            return
        request = self.folder.stop_request(self.state.attempt)
        if request is None:
            return
        if self.ending is not None:
            self.keeps_holds = False
            for live in self.live.values():
                live.ask_to_end(self.ending.reason, grace=self.plan.grace)
        else:
            self._note(state=State.STOPPING.value, reason=str(request.get("reason", "")))
            self._end_job(Verdict(State.STOPPED, str(request.get("reason") or "stopped")))

    # ---- tasks

    def _waiting(self) -> list[int]:
        return [number for number, task in enumerate(self.tasks) if not task.state.final and number not in self.live]

    def _adopt(self) -> None:
        """Take over every attempt that has been claimed."""
        for number in self._waiting():
            task = self.tasks[number]
            running = task.state is State.RUNNING
            attempt = task.attempt if running else task.attempt + 1
            claim = self.folder.claim(task.name, attempt)
            if claim is None or not claim.wrapper.pid:
                continue
            live = Live(self.folder, self.plan.tasks[number], attempt, claim, lost=self.lost)
            self.live[number] = live
            self.starter.not_before.pop(number, None)
            self.recorder.add(number, attempt, late=self.late and live.started < self.up - _JUST_NOW)
            if not running:
                if self.state.state is State.WAITING:
                    self._note(state=State.RUNNING.value, started=live.started)
                self._note(
                    task=number,
                    state=State.RUNNING.value,
                    attempt=attempt,
                    started=live.started,
                    pid=claim.wrapper.pid,
                    devices=list(claim.devices),
                )
            if running and self.tasks[number].held_since:
                live.held = self.tasks[number].exit
            if self.ending is not None and not (self.keeps_holds and live.held):
                live.ask_to_end(self.ending.reason, grace=self.plan.grace)

    def _holds(self) -> None:
        """Failures are noted when they are known, not when the callbacks that follow have ended."""
        for number, live in self.live.items() if self._may_hold else ():
            name, attempt = live.task.name, live.attempt
            if live.held is None and (record := self.folder.failed_record(name, attempt)) is not None:
                live.held, since = record, time.time()
                slept = hold.length(live.task.role)
                held = {"since": since, "until": since + slept if slept else 0}
                self._note(task=number, exit=_exit_json(record), held=held)
            if live.held is not None and self.folder.release_requested(name, attempt):
                live.release()

    def _ends(self) -> None:
        if self._timed_out():
            self._end_job(Verdict(State.FAILED, f"timeout of {self.plan.timeout:g} s"))
        self._free_space()
        for number, live in list(self.live.items()):
            live.tick()
            if live.over and live.clear():
                self.recorder.record(time.time())
                if self.recorder.finish(number, live.attempt):
                    self._ended(number, live)

    def _free_space(self) -> None:
        """A full disk stops more than this job: a log that is too large gives up its middle, or ends the job."""
        now = time.monotonic()
        if now < self._space_at:
            return
        self._space_at = now + _SPACE_PERIOD
        limit = int(float(self.folder.record["log_limit_gb"]) * 1e9)
        for number, live in self.live.items():
            if not self.recorder.free(number, live.attempt, limit):
                self._end_job(Verdict(State.STOPPED, f"the log of {live.task.name} fills the disk"))
                return

    def _timed_out(self) -> bool:
        running = bool(self.plan.timeout and self.state.started and self.live) and self.ending is None
        return running and time.time() >= self.state.started + self.plan.timeout

    def _ended(self, number: int, live: Live) -> None:
        del self.live[number]
        self._end_children(live)
        end: End = live.end()
        if self._shares:
            nodes.leave(self.folder.path, self.state.attempt, live.task.name, live.attempt)
        tried = live.attempt - self.tasks[number].base
        again = end.state in (State.FAILED, State.UNKNOWN) and self.ending is None and tried <= live.task.role.retries
        self._note(
            task=number,
            state=(State.WAITING if again else end.state).value,
            reason=f"attempt {live.attempt} failed, trying again" if again else end.reason,
            exit=_exit_json(end.exit),
        )
        if again:
            self.starter.not_before[number] = time.monotonic() + min(0.25 * 2 ** (tried - 1), _RETRY_LIMIT)

    def _end_children(self, live: Live) -> None:
        """Jobs that the task has submitted end with it, as the processes that it has started do."""
        for name in self.folder.children(live.task.name):
            path = self.folder.path.parent / name
            if path.exists() and not (child := JobFolder(path)).state().state.final:
                from jupyter_cube.backends.local import launch

                with contextlib.suppress(StoreError):  # a full disk: it ends by itself
                    child.request_stop(f"the task that submitted it, {live.mark}, has ended")
                launch.spawn_owner(child)

    def _start(self) -> None:
        if self.ending is not None:
            return
        try:
            self.starter.start(self.tasks, self._waiting(), begun=self._begun())
        except (BackendError, StoreError) as error:
            self._end_job(Verdict(State.FAILED, str(error)))

    def _begun(self) -> bool:
        return bool(self.live) or any(task.attempt > task.base for task in self.tasks)

    # ---- the job

    def _policy(self) -> None:
        self._stop_what_cannot_start()
        if self.ending is None and (over := verdict(self.plan, self.tasks)) is not None:
            self.keeps_holds = over.state is State.FAILED
            self._end_job(over)
        if self.ending is not None and not self.live:
            self._finish()

    def _stop_what_cannot_start(self) -> None:
        """A task whose role comes after one that has failed, which the policy allows, will never run."""
        lost = {task.role: task.name for task in self.tasks if task.state.final and task.state is not State.SUCCEEDED}
        for number in self._waiting() if lost and self.ending is None else ():
            before = next((role for role in self.plan.tasks[number].role.after if role in lost), None)
            if before is not None and self.folder.forbid(self.tasks[number].name, self.tasks[number].attempt + 1):
                reason = f"{lost[before]} did not succeed"
                attempt = self.tasks[number].attempt + 1
                self._note(task=number, state=State.STOPPED.value, attempt=attempt, reason=reason)

    def _end_job(self, over: Verdict) -> None:
        self.ending = over
        if not self._begun():
            from jupyter_cube.backends.local import start

            start.withdraw(self.folder)
        reason = over.reason if over.state is State.STOPPED else f"the job ended: {over.reason}"
        for live in self.live.values():
            if not (self.keeps_holds and live.held):
                live.ask_to_end(reason, grace=self.plan.grace)
        self._unstarted_reason = reason

    def _finish(self) -> None:
        assert self.ending is not None
        # A wrapper may have been spawned and not claimed yet; with the claim made here it can only leave.
        for number in self._waiting():
            task = self.tasks[number]
            if self.folder.forbid(task.name, task.attempt + 1):
                self._note(
                    task=number, state=State.STOPPED.value, attempt=task.attempt + 1, reason=self._unstarted_reason
                )
        self._adopt()
        if self.live:
            return
        self.recorder.record(time.time())
        over = self.ending
        retrying = over.state is State.FAILED and self._retries_left() and self._order_again()
        if retrying:
            self._note(warning=f"attempt {self.state.attempt} failed: {over.reason}; trying again")
        else:
            if over.state in (State.SUCCEEDED, State.STOPPED):
                self.folder.remove_private()
            self._note(state=over.state.value, reason=over.reason)
        self.journal.flush()
        self.journal.sync()

    def _retries_left(self) -> bool:
        automatic = 0
        for order in reversed(self.folder.attempts()):
            if not order.automatic:
                break
            automatic += 1
        return automatic < self.plan.retries and self.folder.stop_request(self.state.attempt) is None

    def _order_again(self) -> bool:
        with contextlib.suppress(StoreError):  # a full disk
            self.folder.order(self.state.attempt + 1, None, automatic=True)
            return True
        return False

    def _try_again(self) -> bool:
        return self.folder.last_attempt() > self.state.attempt


def _exit_json(end: Exit | None) -> dict[str, Any] | None:
    return None if end is None else {"phase": end.phase, "code": end.code, "command_code": end.command_code}


def main(words: list[str]) -> int:
    """Own the job in the folder ``words[0]`` if nobody does.

    Returns:
        Exit code: 0, also where somebody else owns it.
    """
    folder = JobFolder(Path(words[0]))
    ownership.leave_session()
    limits.leave_task()
    lock = ownership.lock(folder.path / "lock")
    if lock is None:
        return 0
    before = folder.owner()
    folder.write_owner(folders.me())
    runner = Runner(folder, before)
    runner.run()
    os.close(lock)  # what follows is nobody's job, and must not keep a retry from its owner
    if somebody_waits():
        from jupyter_cube.backends.local import start

        start.see_to_queue(folder)
    from jupyter_cube.store.store import Store

    Store(folder.path.parents[1]).daily(keep_private_days=float(folder.record["keep_private_days"]))
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(main(sys.argv[1:]))
