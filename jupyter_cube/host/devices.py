"""The GPUs of this machine, and the variables by which a task sees some of them.

They are named in the configuration, or found by NVML (``nvidia-ml-py``) or by ``rocm-smi``. A machine without a GPU
driver is told by the absence of the driver's device file, which costs microseconds.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NVIDIA_FILES = ("/dev/nvidiactl", "/dev/dxg")  # the second: Windows Subsystem for Linux
AMD_FILES = ("/dev/kfd",)
ROCM_TIMEOUT = 10.0  # seconds; rocm-smi takes about one a machine, more where a GPU sleeps


@dataclass(frozen=True, slots=True)
class Device:
    """A GPU.

    Attributes:
        id: what a task is given and lock files hold: the driver's index, or the name in the configuration.
        kind: ``nvidia``, ``amd``, or empty for a named one.
        name: the product's name.
        memory_mb: its memory in MiB; 0: not known.
        busy: pids of the processes that use it now, whoever started them.
    """

    id: str
    kind: str = ""
    uuid: str = ""
    name: str = ""
    memory_mb: int = 0
    busy: tuple[int, ...] = ()


def discover(names: Sequence[str] | None = None, *, environ: Mapping[str, str] = os.environ) -> tuple[Device, ...]:
    """The GPUs that jobs of this process may be given.

    Args:
        names: those of the configuration; None: ask the drivers' libraries.
        environ: where ``CUDA_VISIBLE_DEVICES`` and its relatives narrow them down.
    """
    if names is not None:
        return _visible(tuple(Device(name, name=name) for name in names), environ)
    return _visible(_nvidia() if _there(NVIDIA_FILES) else _amd() if _there(AMD_FILES) else (), environ)


def missing_library() -> str:
    """What to install so that a GPU driver's devices are found; empty where nothing is missing."""
    if _there(NVIDIA_FILES) and _pynvml() is None:
        return "an NVIDIA driver is there, but not its library: pip install 'jupyter-cube[gpu]'"
    if _there(AMD_FILES) and not _rocm_smi():
        return "an AMD driver is there, but rocm-smi is not on PATH"
    return ""


def visible_variables(ids: Sequence[str]) -> dict[str, str]:
    """The variables by which a task sees exactly these GPUs; without any it sees none."""
    if not ids:
        return {
            "CUDA_VISIBLE_DEVICES": "",
            "NVIDIA_VISIBLE_DEVICES": "none",
            # HIP takes an empty list for no list.
            "HIP_VISIBLE_DEVICES": "-1",
            "ROCR_VISIBLE_DEVICES": "-1",
        }
    listed = ",".join(ids)
    named = not all(map(str.isdecimal, ids))
    if not named and not _there(NVIDIA_FILES) and _there(AMD_FILES):
        # HIP numbers anew what ROCr leaves over, and reads CUDA_VISIBLE_DEVICES as its own list.
        left = ",".join(map(str, range(len(ids))))
        return {"ROCR_VISIBLE_DEVICES": listed, "HIP_VISIBLE_DEVICES": left, "CUDA_VISIBLE_DEVICES": left}
    variables = {"CUDA_VISIBLE_DEVICES": listed, "NVIDIA_VISIBLE_DEVICES": listed, "HIP_VISIBLE_DEVICES": listed}
    if not named:
        # By default CUDA numbers the fastest first, NVML by the place on the bus.
        variables["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
    return variables


def _there(files: Sequence[str]) -> bool:
    return any(map(os.path.exists, files))


def _visible(devices: tuple[Device, ...], environ: Mapping[str, str]) -> tuple[Device, ...]:
    """Those that inherited variables leave, each list applied to what the one before left."""
    amd = bool(devices) and devices[0].kind == "amd"
    if amd and "ROCR_VISIBLE_DEVICES" in environ:
        devices = _chosen(devices, environ["ROCR_VISIBLE_DEVICES"])
    name = "HIP_VISIBLE_DEVICES" if amd and environ.get("HIP_VISIBLE_DEVICES") else "CUDA_VISIBLE_DEVICES"
    if name in environ and not (amd and not environ[name]):
        devices = _chosen(devices, environ[name])
    return devices


def _chosen(devices: tuple[Device, ...], listed: str) -> tuple[Device, ...]:
    """The devices of a list of names, positions or beginnings of UUIDs; like CUDA it ends at the first unknown one."""
    chosen: list[Device] = []
    for word in filter(None, map(str.strip, listed.split(","))):
        matches = [device for device in devices if not device.kind and device.id == word]
        if not matches and word.isdecimal() and int(word) < len(devices):
            matches = [devices[int(word)]]
        if not matches:
            matches = [device for device in devices if device.uuid and device.uuid.startswith(word)]
        if len(matches) != 1:
            break
        if matches[0] not in chosen:
            chosen.append(matches[0])
    return tuple(chosen)


def _pynvml() -> Any:
    try:
        import pynvml  # type: ignore[import-not-found,import-untyped,unused-ignore]  # optional: the extra "gpu"
    except ImportError:
        return None
    return pynvml


def _nvidia() -> tuple[Device, ...]:
    nvml = _pynvml()
    if nvml is None:
        return ()
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:  # a driver without a card, or one that does not fit the library
        return ()
    try:
        return tuple(_nvidia_device(nvml, index) for index in range(nvml.nvmlDeviceGetCount()))
    except nvml.NVMLError:
        return ()
    finally:
        nvml.nvmlShutdown()


def _nvidia_device(nvml: Any, index: int) -> Device:
    handle = nvml.nvmlDeviceGetHandleByIndex(index)

    def ask(function: str) -> Any:
        try:
            return getattr(nvml, function)(handle)
        except nvml.NVMLError:  # not every card answers every question
            return None

    def text(value: Any) -> str:
        return value.decode() if isinstance(value, bytes) else str(value or "")

    memory = ask("nvmlDeviceGetMemoryInfo")
    processes = ask("nvmlDeviceGetComputeRunningProcesses") or ()
    return Device(
        str(index),
        kind="nvidia",
        uuid=text(ask("nvmlDeviceGetUUID")),
        name=text(ask("nvmlDeviceGetName")),
        memory_mb=int(memory.total) // (1024 * 1024) if memory else 0,
        busy=tuple(int(process.pid) for process in processes),
    )


def _rocm_smi() -> str | None:
    import shutil

    return shutil.which("rocm-smi")


def _amd() -> tuple[Device, ...]:
    command = _rocm_smi()
    if command is None:
        return ()
    import subprocess

    words = [command, "--showid", "--showuniqueid", "--showproductname", "--showmeminfo", "vram", "--json"]
    try:
        done = subprocess.run(words, capture_output=True, timeout=ROCM_TIMEOUT, check=True)
        cards = json.loads(done.stdout[done.stdout.find(b"{") :])  # warnings may stand before the document
    except (OSError, subprocess.SubprocessError, ValueError):
        return ()
    numbers = sorted(int(key[4:]) for key in cards if key.startswith("card") and key[4:].isdecimal())
    return tuple(_amd_device(number, cards[f"card{number}"]) for number in numbers)


def _amd_device(number: int, card: Mapping[str, str]) -> Device:
    memory = card.get("VRAM Total Memory (B)", "")
    unique = card.get("Unique ID", "")
    return Device(
        str(number),
        kind="amd",
        # ROCr writes a card's unique id as GPU-HEX.
        uuid="GPU-" + unique.removeprefix("0x") if unique.startswith("0x") else "",
        name=card.get("Device Name") or card.get("Card Series") or card.get("Card series", ""),
        memory_mb=int(memory) // (1024 * 1024) if memory.isdecimal() else 0,
    )
