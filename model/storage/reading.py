"""Reading run files. Nothing in them is trusted: what is not as it has to be is refused, in one line that says where.

All columns are read side by side, some states at a time, and nothing is read beyond the shapes that its JSON asks for.
"""

from __future__ import annotations

import math
import re
import struct
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import msgspec
import numpy as np

from model.arrays import Array
from model.descent import State
from model.experiment import Experiment
from model.optimizers import Memory
from model.settings import SettingError, build
from model.storage.layout import (
    AT_ONCE,
    LOSSES,
    MOST_TEXT,
    VERSION,
    Column,
    Head,
    StoredRun,
    Stretch,
    check_label,
    check_losses,
    columns_of,
    fields,
    memories_of,
    size_of,
)
from model.trajectory import Piece, Trajectory, maker

# As NumPy writes it. Its own reader takes more, other types and orders among it, and warns of what is old.
_HEADER = re.compile(r"\{'descr': '([^']+)', 'fortran_order': False, 'shape': \(([0-9]*,?(?: [0-9]+,?)*)\), \} *\n")
_BROKEN = (zipfile.BadZipFile, struct.error, EOFError, MemoryError, RuntimeError, ValueError, OverflowError)
_END = 22  # bytes of the record that ends a zip file


def load_run(path: Path) -> StoredRun:
    """The run in a file, as it was saved. Raises `SettingError`, one line, for what is none or cannot be read."""
    try:
        if path.exists() and not path.is_file():
            raise SettingError("run", str(path), "a run file")
        return _load(path)
    except OSError as error:
        raise SettingError("run", str(path), f"a file that can be read ({error.strerror or error})") from None


def _load(path: Path) -> StoredRun:
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            _check_ends(file, archive)
            return _read(archive)
    except SettingError as error:
        raise SettingError(f"{path.name}: {error.field}", error.given, error.allowed) from None
    except _BROKEN as error:
        raise SettingError(path.name, str(error) or type(error).__name__, "a run file, and all of it") from None


def _check_ends(file: IO[bytes], archive: zipfile.ZipFile) -> None:
    """A zip file may have anything before and after it; a run file is one from its first byte to its last."""
    file.seek(-_END, 2)
    if file.read(4) != b"PK\5\6" or min((info.header_offset for info in archive.infolist()), default=0):
        raise SettingError("file", "bytes before or after the arrays", "none")


def _read(archive: zipfile.ZipFile) -> StoredRun:
    head = _head(archive)
    segments = tuple(
        (segment.step, build(Experiment, segment.experiment, f"segments[{number}].experiment"))
        for number, segment in enumerate(head.segments)
    )
    first = segments[0][0] if segments else 0
    size = size_of(segments, first, sum(stretch.states for stretch in head.memories))
    patterns = memories_of(segments, size)
    for stretch in head.memories:
        if stretch.optimizer not in patterns:
            raise SettingError("memories", stretch.optimizer, f"the optimizers of the segments: {', '.join(patterns)}")
    columns = columns_of(head.memories, patterns, size)
    _check_names(archive, ["run", *(column.name for column in columns)])
    with ExitStack() as stack:
        arrays = {column.name: _Rows(archive, column, stack) for column in columns}
        per_state = sum(column.nbytes // column.shape[0] for column in columns)
        pieces = _pieces(arrays, head.memories, patterns, max(AT_ONCE // per_state, 1), first)
        trajectory = Trajectory(state for piece in pieces for state in _states(piece))
        return StoredRun(head.label, segments, trajectory, tuple(segment.gesture for segment in head.segments))


def _head(archive: zipfile.ZipFile) -> Head:
    """The JSON; raises `SettingError` for another version before anything else of it."""
    with _open(archive, "run") as file:
        dtype, shape = _header("run", file)
        if dtype != "|u1" or len(shape) != 1 or shape[0] > MOST_TEXT:
            raise SettingError("run", f"{dtype} {shape}", f"JSON in at most {MOST_TEXT:,} bytes (|u1)")
        text = file.read(shape[0] + 1)
    if len(text) != shape[0]:
        raise SettingError("run", f"{len(text):,} bytes", f"{shape[0]:,}")
    try:
        plain = msgspec.json.decode(text)
        version = plain.get("version") if isinstance(plain, dict) else None
        if version != VERSION:
            raise SettingError("version", version, str(VERSION))
        head = msgspec.convert(plain, Head)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError) as error:
        raise SettingError("run", str(error), "JSON as a run file has it") from None
    check_label(head.label)
    return head


def _check_names(archive: zipfile.ZipFile, names: list[str]) -> None:
    given, wanted = archive.namelist(), [f"{name}.npy" for name in names]
    for name in wanted:
        if given.count(name) != 1:
            raise SettingError("arrays", f"{given.count(name)} called {name}", "one")
    if len(given) != len(wanted):
        raise SettingError("arrays", sorted({*given} - {*wanted}), ", ".join(names))


def _open(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    """An array's bytes."""
    if f"{name}.npy" not in archive.namelist():
        raise SettingError("arrays", archive.namelist()[:9], f"{name}.npy among them")
    info = archive.getinfo(f"{name}.npy")
    if info.compress_type != zipfile.ZIP_STORED:
        raise SettingError(name, "something compressed", "numbers as they are")
    return archive.open(info)


def _header(name: str, file: IO[bytes]) -> tuple[str, tuple[int, ...]]:
    """Type and shape of an array (numpy.lib.format, versions 1 and 2); what follows are its numbers."""
    magic = file.read(8)
    width = {b"\x93NUMPY\1\0": 2, b"\x93NUMPY\2\0": 4}.get(magic, 0)
    text = file.read(min(int.from_bytes(file.read(width), "little"), 10_000)).decode("latin-1")
    found = _HEADER.fullmatch(text)
    if found is None:
        raise SettingError(name, text or magic, "an array as numpy.save writes it, row by row")
    return found[1], tuple(int(number) for number in re.findall("[0-9]+", found[2]))


class _Rows:
    """An array that is read from its beginning to its end, some rows at a time."""

    def __init__(self, archive: zipfile.ZipFile, column: Column, stack: ExitStack) -> None:
        self._column, self._file = column, stack.enter_context(_open(archive, column.name))
        dtype, shape = _header(column.name, self._file)
        if (dtype, shape) != (column.dtype, column.shape):
            raise SettingError(column.name, f"{dtype} {shape}", f"{column.dtype} {column.shape}")
        given = archive.getinfo(f"{column.name}.npy").file_size - self._file.tell()
        if given != column.nbytes:
            raise SettingError(column.name, f"{given:,} bytes", f"{column.nbytes:,}, for its shape {column.shape}")

    def take(self, count: int) -> Array:
        """The next `count` rows."""
        shape = count, *self._column.shape[1:]
        data = self._file.read(8 * math.prod(shape))
        return np.frombuffer(data, self._column.dtype).reshape(shape)


def _pieces(
    arrays: dict[str, _Rows], stretches: list[Stretch], patterns: dict[str, Memory], at_once: int, step: int
) -> Iterator[Piece]:
    """The states in order, at most so many at once, the first of them at `step`."""
    for number, stretch in enumerate(stretches):
        pattern = patterns[stretch.optimizer]
        remembered = [arrays[f"memory{number}_{name}"] for name in fields(pattern)]
        for start in range(0, stretch.states, at_once):
            count = min(at_once, stretch.states - start)
            _check_steps(arrays["steps"].take(count), step)
            params, gradients = (arrays[name].take(count) for name in ("params", "gradients"))
            losses, batch_losses, test_losses = (arrays[name].take(count) for name in LOSSES)
            memory = maker(pattern)(rows.take(count) for rows in remembered)
            yield Piece(step, params, gradients, losses, batch_losses, test_losses, memory)
            step += count


def _states(piece: Piece) -> Iterator[State]:
    check_losses(piece)
    make = maker(piece.memory)
    losses = zip(piece.losses.tolist(), piece.batch_losses.tolist(), piece.test_losses.tolist(), strict=True)
    for index, (loss, batch_loss, test_loss) in enumerate(losses):
        memory = make(array[index] for array in piece.memory)
        step, params, gradient = piece.step + index, piece.params[index], piece.gradients[index]
        yield State(step, params, gradient, loss, batch_loss, memory, test_loss)


def _check_steps(steps: Array, first: int) -> None:
    for index in np.flatnonzero(steps != np.arange(first, first + len(steps)))[:1]:
        raise SettingError("steps", int(steps[index]), f"{first + index}, one after another")
