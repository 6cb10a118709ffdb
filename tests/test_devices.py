from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from jupyter_cube.host import devices
from jupyter_cube.host.devices import Device, discover, visible_variables

NVML = """
class NVMLError(Exception):
    pass

class Answer:
    def __init__(self, **values):
        self.__dict__.update(values)

def nvmlInit():
    if BROKEN:
        raise NVMLError("the driver does not fit the library")

def nvmlShutdown():
    pass

def nvmlDeviceGetCount():
    return 2

def nvmlDeviceGetHandleByIndex(index):
    return index

def nvmlDeviceGetUUID(handle):
    return b"GPU-aaaa1111" if handle == 0 else "GPU-bbbb2222"

def nvmlDeviceGetName(handle):
    return "NVIDIA T1000"

def nvmlDeviceGetMemoryInfo(handle):
    return Answer(total=8 * 2**30)

def nvmlDeviceGetComputeRunningProcesses(handle):
    if handle == 1:
        raise NVMLError("not supported")
    return [Answer(pid=4711, usedGpuMemory=2**30)]
"""

ROCM_SMI = """#!/bin/sh
case "$*" in *--json*) ;; *) exit 1 ;; esac
echo "WARNING: the card sleeps"
cat <<'END'
%s
END
"""

CARDS = {
    "card10": {"Device Name": "MI300X", "Unique ID": "0xbeef", "VRAM Total Memory (B)": "206141652992"},
    "card2": {"Card Series": "MI210", "Unique ID": "N/A"},
    "system": {"Driver version": "6.8"},
}


@pytest.fixture(autouse=True)
def no_driver(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without a GPU, whatever this one has."""
    monkeypatch.setattr(devices, "NVIDIA_FILES", (str(tmp_path / "nvidiactl"),))
    monkeypatch.setattr(devices, "AMD_FILES", (str(tmp_path / "kfd"),))


@pytest.fixture
def nvidia(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with two NVIDIA cards and their library."""
    (tmp_path / "nvidiactl").touch()
    (tmp_path / "pynvml.py").write_text("BROKEN = False\n" + NVML)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "pynvml", raising=False)
    return tmp_path


@pytest.fixture
def amd(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with two AMD cards; the path of its rocm-smi."""
    (tmp_path / "kfd").touch()
    command = tmp_path / "rocm-smi"
    command.write_text(ROCM_SMI % json.dumps(CARDS))
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return command


def ids(found: tuple[Device, ...]) -> list[str]:
    return [device.id for device in found]


def test_a_machine_without_a_driver_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)  # an import of it would fail
    assert discover(environ={}) == ()
    assert devices.missing_library() == ""


@pytest.mark.usefixtures("nvidia")
def test_nvidia() -> None:
    assert discover(environ={}) == (
        Device("0", "nvidia", "GPU-aaaa1111", "NVIDIA T1000", 8192, busy=(4711,)),
        Device("1", "nvidia", "GPU-bbbb2222", "NVIDIA T1000", 8192),
    )
    assert visible_variables(["1"])["CUDA_VISIBLE_DEVICES"] == "1"
    assert visible_variables(["1"])["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"


def test_a_driver_that_does_not_answer_has_none(nvidia: Path) -> None:
    (nvidia / "pynvml.py").write_text("BROKEN = True\n" + NVML)
    assert discover(environ={}) == ()


def test_a_driver_without_its_library_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "nvidiactl").touch()
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert discover(environ={}) == ()
    assert "pip install 'jupyter-cube[gpu]'" in devices.missing_library()


@pytest.mark.usefixtures("amd")
def test_amd() -> None:
    assert discover(environ={}) == (
        Device("2", "amd", "", "MI210"),
        Device("10", "amd", "GPU-beef", "MI300X", 196592),
    )
    assert visible_variables(["2", "10"]) == {
        "ROCR_VISIBLE_DEVICES": "2,10",
        "HIP_VISIBLE_DEVICES": "0,1",
        "CUDA_VISIBLE_DEVICES": "0,1",
    }


@pytest.mark.parametrize("script", ["#!/bin/sh\nexit 2\n", "#!/bin/sh\necho no cards\n", "#!/bin/sh\nexec sleep 60\n"])
def test_rocm_smi_that_fails_has_none(amd: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    monkeypatch.setattr(devices, "ROCM_TIMEOUT", 0.3)
    amd.write_text(script)
    assert discover(environ={}) == ()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ["0", "1"]),
        ("1", ["1"]),
        ("1,0", ["1", "0"]),
        ("GPU-bbbb", ["1"]),
        ("GPU-", []),
        ("", []),
        ("-1", []),
        ("1,-1,0", ["1"]),
        ("0, 1, 1", ["0", "1"]),
        ("7", []),
    ],
)
@pytest.mark.usefixtures("nvidia")
def test_nothing_outside_an_inherited_list(value: str | None, expected: list[str]) -> None:
    assert ids(discover(environ={} if value is None else {"CUDA_VISIBLE_DEVICES": value})) == expected


@pytest.mark.usefixtures("amd")
@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"ROCR_VISIBLE_DEVICES": "1"}, ["10"]),
        ({"ROCR_VISIBLE_DEVICES": "1", "HIP_VISIBLE_DEVICES": "0"}, ["10"]),
        ({"HIP_VISIBLE_DEVICES": "0"}, ["2"]),
        ({"CUDA_VISIBLE_DEVICES": "0"}, ["2"]),
        ({"CUDA_VISIBLE_DEVICES": ""}, ["2", "10"]),
    ],
)
def test_inherited_lists_of_amd(environ: dict[str, str], expected: list[str]) -> None:
    assert ids(discover(environ=environ)) == expected


def test_named_devices() -> None:
    assert ids(discover(["gpu0", "gpu1"], environ={})) == ["gpu0", "gpu1"]
    assert ids(discover(["gpu0", "gpu1"], environ={"CUDA_VISIBLE_DEVICES": "gpu1"})) == ["gpu1"]
    assert discover([], environ={}) == ()
    given = visible_variables(["gpu1"])
    assert given["CUDA_VISIBLE_DEVICES"] == given["HIP_VISIBLE_DEVICES"] == "gpu1"


@pytest.mark.parametrize("machine", ["nvidia", "amd", "named"])
def test_a_task_without_gpus_sees_none(machine: str, request: pytest.FixtureRequest) -> None:
    names = ["gpu0"] if machine == "named" else None
    if names is None:
        request.getfixturevalue(machine)
    nothing = visible_variables([])
    assert nothing["CUDA_VISIBLE_DEVICES"] == ""
    assert nothing["NVIDIA_VISIBLE_DEVICES"] == "none"
    assert discover(names, environ={}) != ()
    assert discover(names, environ=nothing) == ()


@pytest.mark.parametrize("machine", ["nvidia", "amd", "named"])
def test_a_task_sees_what_it_was_given(machine: str, request: pytest.FixtureRequest) -> None:
    names = ["gpu0", "gpu1"] if machine == "named" else None
    if names is None:
        request.getfixturevalue(machine)
    last = discover(names, environ={})[-1].id
    if machine != "amd":
        assert ids(discover(names, environ=visible_variables([last]))) == [last]
    assert len(visible_variables([last])["CUDA_VISIBLE_DEVICES"].split(",")) == 1
