"""A file has two slots: whatever fails, is torn or is killed while one is written, a whole reading is left."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from stored_accounts import MAIN, NOW, PLAN, kept

from exporter.polling.pipeline import PollResult, process
from exporter.store.files import Storage
from exporter.store.snapshot import Snapshot
from exporter.store.stored_reading import StoredReading
from exporter.vendors.netnut.families import NETNUT_GB_USED
from exporter.vendors.reply import Diagnostics

CALLS = ("open", "stat", "write", "fsync", "unlink", "close")
FULL = OSError(28, "No space left on device")


class Killed(BaseException):
    """The process ends here."""


class Disk:
    """Counts the calls that write, and has the one of a number fail.

    What was written to a file and not flushed is gone after a kill, in part or as a whole.
    """

    def __init__(self, fails_at: int, error: BaseException, kept_share: float = 1.0) -> None:
        self.calls: list[str] = []
        self._fails_at, self._error, self._kept_share = fails_at, error, kept_share
        self._unflushed: dict[int, int] = {}

    def call(self, name: str, real: Callable[..., object], *arguments: object, **options: object) -> object:
        self.calls.append(name)
        is_failing = len(self.calls) == self._fails_at
        if is_failing and name != "write":
            self._lose()
            raise self._error
        file, *rest = arguments
        if name == "write" and isinstance(file, int):
            data = rest[0]
            assert isinstance(data, memoryview)
            self._unflushed.setdefault(file, os.fstat(file).st_size)
            done = real(file, data[: len(data) // 2] if is_failing else data)
            if is_failing:
                self._lose()
                raise self._error
            return done
        if name == "fsync" and isinstance(file, int):
            self._unflushed.pop(file, None)
        return real(*arguments, **options)

    def _lose(self) -> None:
        for file, flushed in self._unflushed.items() if isinstance(self._error, Killed) else ():
            size = os.fstat(file).st_size
            os.truncate(file, flushed + int((size - flushed) * self._kept_share))


@contextmanager
def disk(fails_at: int = 0, error: BaseException = FULL, kept_share: float = 1.0) -> Iterator[Disk]:
    faulty = Disk(fails_at, error, kept_share)
    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            real = getattr(os, name)
            patch.setattr(
                os, name, lambda *given, _name=name, _real=real, **options: faulty.call(_name, _real, *given, **options)
            )
        yield faulty


def reading(number: float, asked_at: float) -> StoredReading:
    result = PollResult(0, [NETNUT_GB_USED(number, **PLAN)], Diagnostics(), None, NOW, asked_at + 2, 2000.0)
    polled = process(MAIN, result, Snapshot())
    return StoredReading(asked_at, asked_at + 2, polled.figures, ledger=polled.ledger.slice_part(0))


def left(folder: Path) -> StoredReading | None:
    """What the next process finds."""
    storage = Storage(folder)
    try:
        return storage.read(MAIN).readings.get(0)
    finally:
        storage.close()


STEPS = {
    "the first": [],
    "another": [(1.0, 100.0)],
    "the third": [(1.0, 100.0), (2.0, 200.0)],
    "the same again": [(1.0, 100.0), (5.0, 200.0)],
    "the same, after a stamp": [(5.0, 100.0), (5.0, 200.0)],
}
FAILURES = {
    "fails": (FULL, 1.0),
    "is killed": (Killed(), 1.0),
    "is killed and loses half": (Killed(), 0.5),
    "is killed and loses all": (Killed(), 0.0),
}


@pytest.mark.parametrize(("error", "kept_share"), FAILURES.values(), ids=FAILURES)
@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
def test_wherever_writing_ends_the_reading_before_or_the_new_one_is_left(
    steps: list[tuple[float, float]], error: BaseException, kept_share: float, tmp_path: Path
) -> None:
    number, is_through = 0, False
    while not is_through:
        number += 1
        storage = Storage(tmp_path / str(number))
        for value, asked_at in steps:
            storage.write(MAIN, 0, reading(value, asked_at))
        before, new = left(tmp_path / str(number)), reading(5.0, 300.0)
        with disk(number, error, kept_share) as faulty:
            try:
                storage.write(MAIN, 0, new)
                is_written = True
            except (OSError, Killed):
                is_written = False
        is_through = len(faulty.calls) < number

        found = left(tmp_path / str(number))
        assert found in ([new] if is_written else [before, new]), faulty.calls
        if not is_through and not isinstance(error, Killed):
            again = reading(6.0, 400.0)
            storage.write(MAIN, 0, again)
            assert left(tmp_path / str(number)) == again
        storage.close()
    assert number > 3


def test_a_reading_that_is_the_same_adds_a_line_and_one_flush(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    for number, asked_at in enumerate((100.0, 200.0, 300.0)):
        storage.write(MAIN, 0, reading(float(number), asked_at))
    sizes = {file.name: file.stat().st_size for file in tmp_path.iterdir()}

    for asked_at in range(400, 1400, 100):
        with disk() as calls:
            storage.write(MAIN, 0, reading(2.0, float(asked_at)))
        assert calls.calls == ["open", "write", "fsync", "close"]

    found = left(tmp_path)
    assert found == reading(2.0, 1300.0)
    (grown,) = [file for file in tmp_path.iterdir() if file.stat().st_size != sizes[file.name]]
    assert grown.stat().st_size - sizes[grown.name] < 10 * 250


def test_a_reading_that_changed_is_one_flush(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    for number in range(3):
        storage.write(MAIN, 0, reading(float(number), float(number)))

    with disk() as calls:
        storage.write(MAIN, 0, reading(7.0, 100.0))

    assert calls.calls.count("fsync") == 1


def test_lines_do_not_pile_up_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.store.slots._MOST_STAMPS", 5)
    storage, most = Storage(tmp_path), 0
    for asked_at in range(100):
        storage.write(MAIN, 0, reading(1.0, float(asked_at)))
        most = max(most, *(file.read_bytes().count(b"asked_at") for file in tmp_path.glob("*.json*")))

    assert most == 5
    assert left(tmp_path) == reading(1.0, 99.0)


def spoilt(file: Path, moments: random.Random) -> None:
    raw = bytearray(file.read_bytes())
    raw[moments.randrange(len(raw))] ^= 1 << moments.randrange(8)
    file.write_bytes(raw)


def test_a_bit_that_flips_in_one_slot_never_makes_another_figure(tmp_path: Path) -> None:
    moments, written = random.Random(1), [reading(float(number), 100.0 + number) for number in range(3)]  # noqa: S311 - no secret
    for turn in range(200):
        storage = Storage(tmp_path / str(turn))
        for one in written:
            storage.write(MAIN, 0, one)
        storage.close()
        spoilt(moments.choice(sorted((tmp_path / str(turn)).glob("*.json*"))), moments)

        assert left(tmp_path / str(turn)) in written[1:]


@pytest.mark.parametrize("slot", ["netnut-main.json", "netnut-main.json.other"])
@pytest.mark.parametrize("make", [Path.symlink_to, Path.hardlink_to], ids=["symbolic", "hard"])
def test_a_link_in_the_place_of_a_slot_is_not_written_through(
    slot: str, make: Callable[[Path, Path], None], tmp_path: Path
) -> None:
    victim, folder = tmp_path / "victim", tmp_path / "storage"
    victim.write_text("precious")
    storage = Storage(folder)
    make(folder / slot, victim)

    for number in range(3):
        storage.write(MAIN, 0, kept(NETNUT_GB_USED(number, **PLAN)))

    assert victim.read_text() == "precious"
    assert (folder / slot).stat().st_nlink == 1
    assert not (folder / slot).is_symlink()
