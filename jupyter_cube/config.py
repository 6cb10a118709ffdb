"""The configuration: one ``jupyter_cube_config.json`` on Jupyter's configuration path.

System, environment and user files are merged, the user's last; keys that the system file lists under ``locked``
keep the system's value. Read once a process; ``CUBE_STORE`` and its like win over files.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from jupyter_cube.errors import UsageError, near

FILE = "jupyter_cube_config.json"


@dataclass(frozen=True, slots=True)
class Config:
    """Settings, each with its unit.

    Attributes:
        store: the store's folder; empty: ``jupyter_data_dir()/cube``.
        backend: where jobs run unless told otherwise.
        cpus: CPU tokens that all jobs of this host share; 0: twice the CPUs.
        memory_mb: memory that all jobs of this host share, MiB; 0: the machine's.
        devices: names of the machine's GPUs; None: found by the drivers' libraries.
        grace: seconds between TERM and KILL.
        keep_private_days: how long environment and inputs of a failed job are kept for ``retry``.
        log_limit_gb: size of one task's log beyond which its middle is freed, GB.
        store_warning_gb: submit warns when the store is larger, GB.
        sources: where items come from besides the built-in ones and your own, name to folder or address, in order.
        storages: volumes that jobs may mount, name to folder, or to ``{"path": FOLDER, "readOnly": true}``.
        host_paths: folders of this machine that variables of items may name as they are.
        cache: where what jobs share is kept; empty: ``cache`` in the store.
    """

    store: str = ""
    backend: str = "local"
    cpus: int = 0
    memory_mb: int = 0
    devices: tuple[str, ...] | None = None
    grace: float = 10.0
    keep_private_days: float = 7.0
    log_limit_gb: float = 10.0
    store_warning_gb: float = 10.0
    sources: Mapping[str, str] = field(default_factory=dict)
    storages: Mapping[str, Any] = field(default_factory=dict)
    host_paths: tuple[str, ...] = ()
    cache: str = ""


def load(paths: list[str] | None = None) -> Config:
    """The merged configuration.

    Args:
        paths: folders, the strongest first; None: Jupyter's configuration path.

    Raises:
        UsageError: a file is not JSON, or a key is unknown or of the wrong type.
    """
    if paths is None:
        from jupyter_core.paths import jupyter_config_path

        paths = jupyter_config_path()
    merged: dict[str, Any] = {}
    locked: dict[str, Any] = {}
    for number, folder in enumerate(reversed(paths)):
        file = Path(folder, FILE)
        try:
            text = file.read_text("utf-8")
        except OSError:
            continue
        values = _values(text, file)
        _check(values, file)
        if number == 0 or folder.startswith(("/etc/", "/usr/")):
            locked.update({key: values[key] for key in values.pop("locked", []) if key in values})
        for key, value in values.items():
            both = isinstance(value, dict) and isinstance(merged.get(key), dict)
            merged[key] = {**merged[key], **value} if both else value
    merged.update(locked)
    merged.pop("locked", None)
    settings: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in merged.items()
    }
    return Config(**settings)


def _check(values: Mapping[str, Any], file: Path) -> None:
    """Refuse what is no setting, or is no value of its kind."""
    known = {setting.name: {} if setting.default is MISSING else setting.default for setting in fields(Config)}
    for name, value in values.items():
        if name == "locked":
            continue
        if name not in known:
            hint = near(name, known) or f"known are {', '.join(sorted(known))}"
            raise UsageError(f"unknown setting {name!r}", place=str(file), hint=hint)
        default: Any = known[name]
        if not _fits(value, default):
            wanted = f"of the kind of {default!r}"
            if default is None or isinstance(default, tuple):
                wanted = "a list of names"
            elif isinstance(default, dict):
                wanted = "an object of names to folders"
            raise UsageError(f"the setting {name!r} is {value!r}", place=str(file), hint=f"write {wanted}")


def _fits(value: object, default: object) -> bool:
    if default is None or isinstance(default, tuple):
        listed = isinstance(value, list) and all(isinstance(one, str) for one in value)
        return listed or (value is None and default is None)
    if isinstance(default, dict):
        return isinstance(value, dict) and all(isinstance(one, str | dict) for one in value.values())
    if isinstance(default, (int, float)):
        return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0
    return isinstance(value, str)


def _values(text: str, file: Path) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except ValueError as error:
        raise UsageError(f"not JSON: {error}", place=str(file), hint="mend the file or remove it") from error
    if not isinstance(values, dict):
        raise UsageError("the configuration is not a JSON object", place=str(file))
    return values


def config() -> Config:
    """The configuration, read at its first use and again when a file of it or its place changes."""
    places = tuple(os.environ.get(name, "") for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_CONFIG_PATH", "HOME"))
    return _config(*places, *map(_stamp, _files(*places)))


@functools.lru_cache(maxsize=1)
def _files(*places: str) -> tuple[str, ...]:  # noqa: ARG001 - what the answer depends on
    from jupyter_core.paths import jupyter_config_path

    return tuple(os.path.join(folder, FILE) for folder in jupyter_config_path())


def _stamp(file: str) -> tuple[int, int, int]:
    """What changes when somebody writes a file: another process may have added a source."""
    try:
        found = os.stat(file)
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)


@functools.lru_cache(maxsize=1)
def _config(*state: object) -> Config:  # noqa: ARG001 - what the answer depends on
    return load()


def cache_path() -> Path:
    """Where what jobs share is kept: the configuration's ``cache``, or ``cache`` in the store."""
    if path := config().cache:
        return Path(path).expanduser().absolute()
    return store_path() / "cache"


def store_path() -> Path:
    """Where jobs are kept: ``$CUBE_STORE``, the configuration, or Jupyter's data folder."""
    if path := os.environ.get("CUBE_STORE") or config().store:
        return Path(path).expanduser().absolute()
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir(), "cube")
