"""One job: what is known of it, orders to it, and its files."""

from __future__ import annotations

import mimetypes
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_cube.errors import NotFoundError, UsageError
from jupyter_cube.lifecycle import plan as plans
from jupyter_cube.server.handler import CubeHandler

if TYPE_CHECKING:
    from jupyter_cube import handle

ID = r"/jobs/([A-Za-z0-9_.-]{1,255})"
_FILES = ("files", "results", "tasks")  # what is shown of a job's folder; the rest is private or ours
_MOST_FILES = 10_000
_CHUNK = 1 << 18  # bytes


class Job(CubeHandler):
    """What is known of a job; deleting it."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """All that ``describe`` says."""
        job = await self.job(name)
        self.answer(await self.work(job.describe))

    @web.authenticated
    @authorized
    async def delete(self, name: str) -> None:
        """Delete an ended job with all its files."""
        job = await self.job(name)
        await self.work(job.delete)
        self.set_status(204)
        self.finish()


class Output(CubeHandler):
    """The job as a cell's output keeps it."""

    _track_activity = False  # a page that shows a job asks again and again: that is nobody's activity

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """All forms of it, as a kernel would send them now."""
        job = await self.job(name)
        self.answer(await self.work(_output, job))


class Stop(CubeHandler):
    """``stop``."""

    @web.authenticated
    @authorized
    async def post(self, name: str) -> None:
        """Ask all tasks to end."""
        reason = self.body("reason").get("reason") or "stopped by its user"
        if not isinstance(reason, str):
            raise UsageError("this must be text", place="reason")
        job = await self.job(name)
        await self.work(job.stop, reason)
        self.answer(await self.work(job.describe), 202)


class Retry(CubeHandler):
    """``retry``."""

    @web.authenticated
    @authorized
    async def post(self, name: str) -> None:
        """Run it again, or only the tasks that did not succeed."""
        failed = self.body("failed").get("failed", False)
        if not isinstance(failed, bool):
            raise UsageError("this must be true or false", place="failed")
        job = await self.job(name)
        await self.work(job.retry, failed=failed)
        self.answer(await self.work(job.describe), 202)


class Release(CubeHandler):
    """``debug --release``."""

    @web.authenticated
    @authorized
    async def post(self, name: str) -> None:
        """Let held tasks end."""
        task = self.body("task").get("task", "")
        if not isinstance(task, str):
            raise UsageError("this must be text", place="task")
        job = await self.job(name)
        await self.work(job.release, task)
        self.answer(await self.work(job.describe), 202)


class Spec(CubeHandler):
    """The job as it was written, secrets masked."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """As text."""
        job = await self.job(name)
        text = await self.work((job.folder / "spec.yaml").read_text, "utf-8")
        self.finish(text, set_content_type="text/plain; charset=utf-8")


class Plan(CubeHandler):
    """What it runs."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """The plan; secrets by name only."""
        job = await self.job(name)
        self.answer(await self.work(lambda: plans.to_json(job.plan)))


class Environment(CubeHandler):
    """The variables that the job itself sets; what its tasks inherit is nobody's to read."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Name to value, for the job and for each role."""
        job = await self.job(name)
        plan = await self.work(lambda: job.plan)
        self.answer({"job": dict(plan.env), "roles": {role.name: dict(role.env) for role in plan.roles}})


class Artifacts(CubeHandler):
    """The files of a job."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Paths and sizes."""
        job = await self.job(name)
        found = await self.work(lambda: [*_files(job.folder)])
        self.answer({"files": found[:_MOST_FILES], "more": len(found) > _MOST_FILES})


class Artifact(CubeHandler):
    """One file of a job, as an attachment: whatever is in it, it is no page of this server."""

    @web.authenticated
    @authorized
    async def get(self, name: str, path: str) -> None:
        """Its bytes."""
        job = await self.job(name)
        fd = await self.work(_opened, job.folder, path)
        with os.fdopen(fd, "rb") as file:
            kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
            self.set_header("Content-Type", kind)
            self.set_header("Content-Disposition", web_filename(os.path.basename(path)))
            self.set_header("X-Content-Type-Options", "nosniff")
            self.set_header("Content-Length", str(os.fstat(file.fileno()).st_size))
            left = os.fstat(file.fileno()).st_size
            while left > 0 and (chunk := await self.work(file.read, min(left, _CHUNK))):
                left -= len(chunk)
                self.write(chunk)
                await self.flush()
        self.finish(set_content_type=kind)

    @property
    def content_security_policy(self) -> str:
        """Nothing in it runs, also where somebody opens it as a page."""
        return f"{super().content_security_policy}; sandbox"


def web_filename(name: str) -> str:
    """The header that makes a browser save a file under a name of any characters."""
    from urllib.parse import quote

    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"


def _output(job: handle.Job) -> dict[str, Any]:
    from jupyter_cube import bundle

    return bundle.bundle(bundle.snapshot(job, job.snapshot()))


def _files(folder: Path) -> Iterator[dict[str, Any]]:
    for top in _FILES:
        for inner, folders, names in os.walk(folder / top):
            folders.sort()
            for name in sorted(names):
                state = os.lstat(f"{inner}/{name}")
                if stat.S_ISREG(state.st_mode):
                    path = os.path.relpath(f"{inner}/{name}", folder)
                    yield {"path": path, "size": state.st_size, "modified": state.st_mtime}


def _opened(folder: Path, path: str) -> int:
    """A file below the job's folder, open; symbolic links are not followed, at no level."""
    parts = path.split("/")
    if parts[0] not in _FILES or not all(part not in ("", ".", "..") and "\0" not in part for part in parts):
        raise NotFoundError(f"the job has no file {path!r:.200}", hint="list its artifacts")
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    fd = os.open(folder, flags | os.O_DIRECTORY)
    try:
        for part in parts:
            inner = os.open(part, flags, dir_fd=fd)
            os.close(fd)
            fd = inner
        if stat.S_ISREG(os.fstat(fd).st_mode):
            return fd
    except OSError:
        pass
    os.close(fd)
    raise NotFoundError(f"the job has no file {path!r:.200}", hint="list its artifacts")


ROUTES = [
    (ID, Job),
    (f"{ID}/output", Output),
    (f"{ID}/stop", Stop),
    (f"{ID}/retry", Retry),
    (f"{ID}/release", Release),
    (f"{ID}/spec", Spec),
    (f"{ID}/plan", Plan),
    (f"{ID}/environment", Environment),
    (f"{ID}/artifacts", Artifacts),
    (f"{ID}/artifacts/(.+)", Artifact),
]
