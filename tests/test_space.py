"""A log that outgrows the disk gives up its middle, and says so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_cube import space
from jupyter_cube.log.chunk import Gap
from jupyter_cube.log.log import Log
from jupyter_cube.log.timeline import Recorder

MEGABYTE = 1 << 20


def test_the_middle_is_freed_under_the_writer_and_read_as_a_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tasks" / "w-0").mkdir(parents=True)
    path = tmp_path / "tasks" / "w-0" / "1.log"
    recorder = Recorder(tmp_path, ["w-0"])
    recorder.add(0, 1)
    lines: list[str] = []
    with path.open("a") as writer:
        for block in range(40):
            for number in range(1000):
                lines.append(f"line {block * 1000 + number:6} {'x' * 90}")
                writer.write(lines[-1] + "\n")
            writer.flush()
            recorder.record(1.0)
        assert recorder.free(0, 1, 100 * MEGABYTE)
        assert os.stat(path).st_blocks * 512 > 3 * MEGABYTE, "below the limit nothing is taken away"
        monkeypatch.setattr(space, "_FREE_ENOUGH", 1.1)  # as on a disk that is nearly full
        assert recorder.free(0, 1, MEGABYTE)
        assert os.stat(path).st_blocks * 512 < MEGABYTE
        writer.write("last\n")
    recorder.record(2.0)
    recorder.close()
    got: list[str] = []
    gaps: list[Gap] = []
    for item in Log(tmp_path, ["w-0"]).chunks():
        if isinstance(item, Gap):
            gaps.append(item)
        else:
            got += [line.line for line in item.lines()]
    assert gaps
    assert "freed" in gaps[0].reason
    assert got[0] == lines[0]
    assert got[-1] == "last"
    assert set(got[:-1]) <= set(lines), "no zeros are shown as lines"
