"""`python -m tests.benchmarks [MODULE...]`: the table, with the machine named."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tests.benchmarks import ABSENT, MODULES, Row

PACKAGES = ("numpy", "scipy", "torch", "jax", "scikit-learn", "loss-landscapes")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Speed and memory, as a table.")
    parser.add_argument("module", nargs="*", choices=[*MODULES, []], help=f"of {', '.join(MODULES)}; all by default")
    rows: list[Row] = []
    for name in parser.parse_args().module or MODULES:
        print(f"measuring {name} ...", file=sys.stderr)
        rows += import_module(f"tests.benchmarks.{name}").rows()
    print(machine())
    print(table(rows))


def machine() -> str:
    """What was measured on: processor, cores, Python, packages."""
    packages = [f"{package} {_version(package)}" for package in PACKAGES]
    return f"{_processor()}, {os.cpu_count()} cores; " + ", ".join([f"Python {platform.python_version()}", *packages])


def table(rows: list[Row]) -> str:
    """The rows as Markdown, aligned."""
    words = {True: "yes", False: "NO", None: ""}
    lines = [("", "ours", "peer", "ratio", "bar", "met"), *((*row[:5], words[row.met]) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(6)]
    ruled = [lines[0], ("-" * widths[0], *(("-" * (width - 1) + ":") for width in widths[1:])), *lines[1:]]
    return "\n".join(f"| {_aligned(line, widths)} |" for line in ruled)


def _aligned(line: tuple[str, ...], widths: list[int]) -> str:
    first, *others = (cell.rjust(width) for cell, width in zip(line, widths, strict=True))
    return " | ".join([line[0].ljust(len(first)), *others])


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ABSENT


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
