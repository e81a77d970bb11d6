"""Writing run files, piece by piece: a long run is never in memory twice."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np

from model.arrays import Array
from model.settings import SettingError
from model.storage.layout import (
    AT_ONCE,
    MOST_TEXT,
    VERSION,
    Column,
    Head,
    Segment,
    Segments,
    StoredRun,
    Stretch,
    check_label,
    columns_of,
    memories_of,
    size_of,
    stretches_of,
)
from model.trajectory import Trajectory


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name beside `path` that takes its place when the block ends well, and vanishes when it does not."""
    try:
        handle, name = tempfile.mkstemp(prefix=".", suffix=path.suffix or ".tmp", dir=path.parent)
    except OSError as error:  # which would name the temporary file
        raise OSError(error.errno, error.strerror, str(path)) from None
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)  # mkstemp makes files that only their owner may read
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def save_run(path: Path, run: StoredRun, count: int | None = None) -> Iterator[float]:
    """Write the first `count` states of a run, by default all, and the settings in force among them.

    Yields the share that is done, now and then, and 1 when the file is there. Until then nothing is: closed before,
    it leaves none, and an earlier one as it was. The trajectory may grow meanwhile. Raises `SettingError` for a run
    that could not be loaded again, `OSError` where nothing can be written.
    """
    trajectory, first = run.trajectory, run.trajectory.first
    count = len(trajectory) if count is None else min(count, len(trajectory))
    if count < 1:
        raise SettingError("states", count, "a run with a state or more")
    segments = tuple(segment for segment in run.segments if segment[0] < first + count)
    size = size_of(segments, first, count)
    patterns = memories_of(segments, size)
    stretches = stretches_of(trajectory.pieces(0, count), patterns, size)
    text, columns = _text(run, segments, stretches), columns_of(stretches, patterns, size)
    with replacing(path) as temporary:
        with zipfile.ZipFile(temporary, "w") as archive:
            yield from _write(archive, text, columns, trajectory)
    yield 1.0


def _write(archive: zipfile.ZipFile, text: bytes, columns: list[Column], trajectory: Trajectory) -> Iterator[float]:
    done, total = 0, sum(column.nbytes for column in columns)
    with archive.open("run.npy", "w", force_zip64=True) as file:
        np.lib.format.write_array(file, np.frombuffer(text, np.uint8), allow_pickle=False)
    for column in columns:
        with archive.open(f"{column.name}.npy", "w", force_zip64=True) as file:
            header = {"descr": column.dtype, "fortran_order": False, "shape": column.shape}
            np.lib.format.write_array_header_1_0(file, header)
            for part in _parts(column, trajectory):
                yield done / total
                file.write(part.tobytes())
                done += part.nbytes


def _text(run: StoredRun, segments: Segments, stretches: list[Stretch]) -> bytes:
    check_label(run.label)
    gestures = run.gestures or range(len(run.segments))
    plain = [
        Segment(step, msgspec.to_builtins(experiment), gesture)
        for (step, experiment), gesture in zip(segments, gestures, strict=False)
    ]
    try:
        text = msgspec.json.format(msgspec.json.encode(Head(VERSION, run.label, plain, stretches)), indent=1)
    except UnicodeEncodeError as error:  # half a pair of surrogates, as in the path of a file that is no UTF-8
        raise SettingError("text", error.object, "what UTF-8 can hold") from None
    if len(text) > MOST_TEXT:
        raise SettingError("segments", len(segments), f"as many as take {MOST_TEXT:,} bytes of JSON")
    return text


def _parts(column: Column, trajectory: Trajectory) -> Iterator[Array]:
    """The rows of a column, some at a time."""
    rows = max(AT_ONCE * column.shape[0] // max(column.nbytes, 1), 1)
    for piece in trajectory.pieces(column.start, column.start + column.shape[0]):
        values = column.of(piece)
        for start in range(0, len(values), rows):
            yield values[start : start + rows].astype(column.dtype, copy=False)
