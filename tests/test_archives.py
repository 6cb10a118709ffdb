"""Archives of strangers."""

from __future__ import annotations

import gzip
import io
import lzma
import os
import random
import struct
import subprocess
import sys
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_cube.task import archive
from jupyter_cube.task.archive import ArchiveError, unpack


def zipped(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in entries:
            file.writestr(name, data)
    return path


def tarred(path: Path, *entries: tuple[tarfile.TarInfo, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as file:  # type: ignore[call-overload]
        for entry, data in entries:
            entry.size = len(data)
            file.addfile(entry, io.BytesIO(data))
    return path


def entry(name: str, kind: bytes = tarfile.REGTYPE, to: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.linkname, found.mode = kind, to, mode
    return found


def there(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_a_zip_and_a_tar_are_unpacked(tmp_path: Path) -> None:
    target = tmp_path / "t"
    assert unpack(str(zipped(tmp_path / "a.zip", ("d/x", b"1"), ("./y", b"2"))), str(target)) == 2
    inside = entry("e/l", tarfile.SYMTYPE, "../e/f")
    hard = entry("e/h", tarfile.LNKTYPE, "e/f")
    made = tarred(tmp_path / "b.tar.xz", (entry("e/f", mode=0o4755), b"3"), (inside, b""), (hard, b""), mode="w:xz")
    unpack(str(made), str(target))
    assert there(target) == {"d", "d/x", "y", "e", "e/f", "e/l", "e/h"}
    assert (target / "e/l").read_text() == (target / "e/h").read_text() == "3"
    assert (target / "e/f").stat().st_mode & 0o7777 == 0o755  # no setuid


def test_a_single_compressed_file_loses_its_ending(tmp_path: Path) -> None:
    (tmp_path / "table.csv.gz").write_bytes(gzip.compress(b"a,b\n"))
    unpack(str(tmp_path / "table.csv.gz"), str(tmp_path / "t"))
    assert (tmp_path / "t" / "table.csv").read_text() == "a,b\n"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("a.zip", "zip"), ("A.ZIP", "zip"), ("main", "zip"), ("data-1.0", "zip"), ("data.v2", "zip")),
        *(("download.php", "zip"), ("arrays.npz", "none"), ("table.xlsx", "none"), ("model.pt", "none")),
    ],
)
def test_formats_that_are_archives_inside_are_left_alone(name: str, kind: str, tmp_path: Path) -> None:
    made = zipped(tmp_path / name, ("x", b"1"))
    assert archive.kind_of(str(made)) == archive.kind_of(str(made), name) == kind
    assert unpack(str(made), str(tmp_path / "t"), kind="zip") == 1  # where it is asked for


def test_a_compressed_tar_of_any_name_is_unpacked_as_asked(tmp_path: Path) -> None:
    made = tarred(tmp_path / "cars.model", (entry("x"), b"1"))
    assert archive.kind_of(str(made)) == "none"
    unpack(str(made), str(tmp_path / "t"), kind="gz")
    assert there(tmp_path / "t") == {"x"}


def test_unpacking_twice_replaces(tmp_path: Path) -> None:
    target = tmp_path / "t"
    unpack(str(zipped(tmp_path / "a.zip", ("x", b"1"), ("d/y", b"1"), ("e", b"1"))), str(target))
    (target / "x").write_bytes(b"changed")
    unpack(str(zipped(tmp_path / "b.zip", ("x", b"2"), ("d/z", b"3"), ("e/f", b"4"))), str(target))
    assert [(target / name).read_text() for name in ("x", "d/y", "d/z", "e/f")] == ["2", "1", "3", "4"]


def test_a_folder_that_is_there_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    (tmp_path / "t" / "results").mkdir(parents=True)
    (tmp_path / "t" / "results" / "mine").write_text("kept")
    made = zipped(tmp_path / "a.zip", ("a", b"1"), ("results", b"1"))
    with pytest.raises(ArchiveError, match=r"has a file where .* has a folder: 'results'"):
        unpack(str(made), str(tmp_path / "t"))
    assert there(tmp_path / "t") == {"results", "results/mine"}


def test_a_zip_may_have_links_inside(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("d/l")
    info.external_attr = 0o120777 << 16
    unpack(str(zipped(tmp_path / "a.zip", (info, b"../x"), ("x", b"1"))), str(tmp_path / "t"))
    assert (tmp_path / "t" / "d" / "l").read_text() == "1"
    assert (tmp_path / "t" / "d" / "l").is_symlink()


def test_who_may_read_is_for_the_umask_to_say(tmp_path: Path) -> None:
    made = tarred(tmp_path / "a.tar", (entry("x", mode=0o4777), b"1"), (entry("y", mode=0o666), b"1"), mode="w")
    before = os.umask(0o077)
    try:
        unpack(str(made), str(tmp_path / "t"))
    finally:
        os.umask(before)
    assert (tmp_path / "t" / "x").stat().st_mode & 0o7777 == 0o700
    assert (tmp_path / "t" / "y").stat().st_mode & 0o7777 == 0o600


@pytest.mark.parametrize("name", ["2:30.txt", "a b", "-rf", "ä/ü"])
def test_odd_names_are_kept(name: str, tmp_path: Path) -> None:
    unpack(str(tarred(tmp_path / "a.tgz", (entry(name), b"1"))), str(tmp_path / "t"))
    assert (tmp_path / "t" / name).read_bytes() == b"1"


def hostile_link(path: Path) -> Path:
    info = zipfile.ZipInfo("l")
    info.external_attr = 0o120777 << 16
    return zipped(path, (info, b"/etc/passwd"))


def header_bomb(path: Path) -> Path:
    header = entry("x", tarfile.XHDTYPE)
    header.size = 300_000_000
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(header.tobuf(tarfile.USTAR_FORMAT))
        file.write(bytes(3_000_000))  # who believes the header wants the rest, too
    return path


def digits(path: Path) -> Path:
    """A header that Python before 3.12.6 needs minutes for."""
    header = entry("x", tarfile.XHDTYPE)
    header.size = 500_000
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(header.tobuf(tarfile.USTAR_FORMAT) + b"0" * 500_224 + entry("y").tobuf() + bytes(1024))
    return path


def huge_window(path: Path) -> Path:
    """An xz file that asks for as much memory as there can be."""
    data = bytearray(lzma.compress(b"hello"))
    size = (data[12] + 1) * 4
    data[16] = 40
    data[8 + size : 12 + size] = zlib.crc32(data[12 : 8 + size]).to_bytes(4, "little")
    path.write_bytes(data)
    return path


HOSTILE: dict[str, tuple[Callable[[Path], Path], str]] = {
    "zip slip": (lambda p: zipped(p, ("../x", b"")), "leads out of its folder"),
    "zip slip by backslashes": (lambda p: zipped(p, ("..\\x", b"")), "leads out of its folder"),
    "absolute in a zip": (lambda p: zipped(p, ("/tmp/x", b"")), "leads out of its folder"),
    "a drive": (lambda p: zipped(p, ("C:/x", b"")), "leads out of its folder"),
    "a link out of a zip": (hostile_link, "leads out"),
    "tar slip": (lambda p: tarred(p, (entry("a/../../x"), b"")), "leads out of its folder"),
    "absolute in a tar": (lambda p: tarred(p, (entry("/tmp/x"), b"")), "leads out of its folder"),
    "an absolute link": (lambda p: tarred(p, (entry("l", tarfile.SYMTYPE, "/etc"), b"")), "leads out"),
    "a link out": (lambda p: tarred(p, (entry("d/l", tarfile.SYMTYPE, "../../x"), b"")), "leads out"),
    "a link over a link": (
        lambda p: tarred(p, (entry("a", tarfile.SYMTYPE, "b/.."), b""), (entry("b", tarfile.SYMTYPE, "."), b"")),
        "leads out",
    ),
    "a link that waits for another archive's": (
        lambda p: tarred(p, (entry("a", tarfile.SYMTYPE, "b/.."), b"")),
        "leads out",
    ),
    "a file through a link": (
        lambda p: tarred(p, (entry("l", tarfile.SYMTYPE, "d"), b""), (entry("l/x"), b"1"), (entry("d"), b"")),
        "two entries of one name",
    ),
    "a hard link out": (lambda p: tarred(p, (entry("h", tarfile.LNKTYPE, "../x"), b"")), "leads out"),
    "a hard link to nothing": (lambda p: tarred(p, (entry("h", tarfile.LNKTYPE, "x"), b"")), "link to nothing"),
    "a device": (lambda p: tarred(p, (entry("null", tarfile.CHRTYPE), b"")), "device"),
    "a pipe": (lambda p: tarred(p, (entry("pipe", tarfile.FIFOTYPE), b"")), "device"),
    "a file as a folder": (lambda p: tarred(p, (entry("a"), b"1"), (entry("a/b"), b"1")), "cannot be"),
    "a folder as a file": (lambda p: zipped(p, ("a/b", b"1"), ("a", b"1")), "cannot be"),
    "a name that is too long": (lambda p: tarred(p, (entry("n" * 300), b"1")), "cannot be: File name too long"),
    "the folder itself": (lambda p: tarred(p, (entry("."), b"1")), "cannot be"),
    "a bomb in a header": (header_bomb, "header of 300,000,256 bytes"),
    "digits in a header": (digits, "digits without end"),
    "too deep": (lambda p: tarred(p, *((entry("a/" * depth + "x"), b"1") for depth in (150, 300))), "200 deep"),
    "a bomb in a tar": (lambda p: tarred(p, (entry("x"), bytes(200_000_000))), "unpacks to more than"),
    "a bomb": (lambda p: zipped(p, ("x", bytes(200_000_000))), "unpacks to more than"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_archives_leave_nothing(case: str, tmp_path: Path) -> None:
    make, message = HOSTILE[case]
    made = make(tmp_path / "a")
    target = tmp_path / "deep" / "target"
    with pytest.raises(ArchiveError, match=message):
        unpack(str(made), str(target))
    assert there(target) == set()
    assert there(tmp_path) == {"a", "deep", "deep/target"}


def test_memory_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    script = "import sys, resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 30,) * 2)\n"
    script += "from jupyter_cube.task.archive import unpack; unpack(sys.argv[1], sys.argv[2])"
    words = [sys.executable, "-c", script, str(huge_window(tmp_path / "a.xz")), str(tmp_path / "t")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (
        done.stderr.splitlines()[-1] == "jupyter_cube.task.archive.ArchiveError: a.xz is a broken archive: MemoryError"
    )


def test_a_long_list_of_entries_is_not_even_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a", "w") as file:
        file.writestr("x", b"1")
    start, end = (tmp_path / "a").read_bytes().split(b"PK\1\2")
    one, last = b"PK\1\2" + end.partition(b"PK\5\6")[0], bytearray(b"PK\5\6" + end.partition(b"PK\5\6")[2])
    count = archive.ENTRIES + 1
    last[12:20] = struct.pack("<2L", len(one) * count, len(start))
    (tmp_path / "a").write_bytes(start + one * count + last)
    began = time.process_time()
    with pytest.raises(ArchiveError, match="more than 1,000,000 entries"):
        unpack(str(tmp_path / "a"), str(tmp_path / "t"))
    assert time.process_time() - began < 1  # one by one they take ten seconds


def test_too_many_entries_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "ENTRIES", 3)
    made = zipped(tmp_path / "a.zip", *((f"x{number}", b"") for number in range(4)))
    with pytest.raises(ArchiveError, match="more than 3 entries"):
        unpack(str(made), str(tmp_path / "t"))


@pytest.mark.parametrize("data", [b"PK\x03\x04nonsense", b"\x1f\x8bnonsense", b"BZhnonsense", b"\xfd7zXZ\0nonsense"])
def test_broken_archives_are_named(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(ArchiveError, match="a is a broken archive"):
        unpack(str(tmp_path / "a"), str(tmp_path / "t"))
    assert there(tmp_path / "t") == set()


@pytest.mark.parametrize("kind", ["zip", "tar", "tgz"])
def test_damaged_archives_never_end_in_a_traceback(kind: str, tmp_path: Path) -> None:
    if kind == "zip":
        made = zipped(tmp_path / "a", ("d/x", b"1" * 500), ("y", b"2"))
    else:
        made = tarred(
            tmp_path / "a", (entry("d/x"), b"1" * 500), (entry("ä" * 90), b"2"), mode="w:gz" if kind == "tgz" else "w"
        )
    whole, dice = made.read_bytes(), random.Random(7)
    for number in range(150):
        data = bytearray(whole)
        for _ in range(dice.randint(1, 8)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        made.write_bytes(data[: dice.choice((len(data), dice.randrange(len(data))))])
        target = tmp_path / f"t{number}"
        try:
            unpack(str(made), str(target), kind="tar" if kind != "zip" else "zip")
        except ArchiveError as error:
            message = str(error)
        else:
            continue
        assert "\n" not in message
        assert there(target) == set()
