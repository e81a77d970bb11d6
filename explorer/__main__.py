"""The command line: the window, or a picture without one.

    loss-explorer [EXPERIMENT]                    the window; EXPERIMENT is a preset's name, a link or a .json file
    loss-explorer RUN.npz                         the window, with a run that was saved
    loss-explorer export EXPERIMENT --out FILE    a picture
    loss-explorer showcase --out FOLDER           the default descent as a picture and a GIF
    loss-explorer thumbnails --out FOLDER         the gallery's pictures of all presets
    loss-explorer run EXPERIMENT                  a run as numbers, without a picture
    loss-explorer check                           the numerics against theory
    loss-explorer presets                         the presets' names
    loss-explorer kinds                           everything that --set, forms and JSON can set

Bad input ends with one line and exit code 2, and nothing is written.
"""

from __future__ import annotations

import argparse
import difflib
import gc
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from explorer.export import KINDS, LARGEST
from explorer.views import VIEWS

if TYPE_CHECKING:
    from model import StoredRun

COMMANDS = ("open", "export", "showcase", "thumbnails", "run", "check", "presets", "kinds")
AGAIN = "LOSS_EXPLORER_UNDER_XVFB"
PLATFORMS = ("", "xcb", "wayland", "wayland-egl", "offscreen", "minimal", "vnc", "eglfs", "linuxfb", "minimalegl")


class Parser(argparse.ArgumentParser):
    """An argument parser that says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"loss-explorer: {message}\n")


# One thread computes and one draws; a third and fourth for small matrices would only be in their way. NumPy reads this
# when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or (given[0] not in COMMANDS and given[0] not in ("-h", "--help", "--version")):
        if len(given) > 1 and not given[0].startswith("-") and difflib.get_close_matches(given[0], COMMANDS, n=1):
            _parser().error(f"command: {given[0]!r} given; allowed: {', '.join(COMMANDS)}, or an experiment")
        given.insert(0, "open")
    options = _parser().parse_args(given)
    options.given = given
    # Ctrl-C ends at once, in the middle of a picture or in the window: what is written is written under another name.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from model import SettingError

    try:
        return int(options.run(options) or 0)
    except BrokenPipeError:  # whoever read our output has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        words = f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)
        print(f"loss-explorer: {words}", file=sys.stderr)
    except (SettingError, RuntimeError) as error:
        print(f"loss-explorer: {error}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="loss-explorer", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version=f"loss-explorer {_version()}")
    commands = parser.add_subparsers(metavar="COMMAND", parser_class=Parser)
    opened = commands.add_parser("open", help="the window")
    opened.add_argument("experiment", nargs="?")
    opened.add_argument("--theme", choices=("dark", "light"))
    _settable(opened)
    opened.set_defaults(run=_open)
    export = commands.add_parser("export", help="a picture, without a window")
    export.add_argument("experiment")
    export.add_argument("--view", choices=KINDS, default="both")
    export.add_argument("--step", type=_step, help="where the cursor is; default: the last step")
    export.add_argument("--size", type=_size, default=(1600, 1200), help="in pixels, such as 1600x1200")
    export.add_argument("--theme", choices=("dark", "light"), default="dark")
    export.add_argument("--linear", action="store_true", help="heights by the loss, not by its logarithm")
    export.add_argument("--out", type=Path, required=True)
    _settable(export)
    export.set_defaults(run=_export)
    run = commands.add_parser("run", help="a run as numbers, without a picture")
    run.add_argument("experiment", nargs="?")
    run.add_argument("--out", type=Path, help="a .csv file that takes every state")
    _settable(run)
    run.set_defaults(run=_run)
    check = commands.add_parser("check", help="the numerics against theory: closed forms, stability limits, ...")
    check.set_defaults(run=_check)
    showcase = commands.add_parser("showcase", help="the default descent as a picture and a GIF")
    showcase.add_argument("--out", type=Path, default=Path("out"))
    showcase.set_defaults(run=_showcase)
    thumbnails = commands.add_parser("thumbnails", help="the gallery's pictures of all presets")
    thumbnails.add_argument("--out", type=Path, required=True, help="a folder; for the gallery: resources/thumbnails")
    thumbnails.set_defaults(run=_thumbnails)
    listed = commands.add_parser("presets", help="the presets' names")
    listed.set_defaults(run=_presets)
    kinds = commands.add_parser("kinds", help="everything that can be set, and to what")
    kinds.set_defaults(run=_kinds)
    return parser


def _settable(command: argparse.ArgumentParser) -> None:
    help = "change a setting, as often as wanted: --set loss=huber --set network.widths=2-8-1 (see: kinds)"
    command.add_argument("--set", dest="changes", metavar="PATH=VALUE", action="append", default=[], help=help)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("loss-landscape-explorer")
    except PackageNotFoundError:
        return "(not installed)"


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]{1,6})x([0-9]{1,6})", text)
    if not found or not all(64 <= int(n) <= LARGEST for n in found.groups()):
        raise argparse.ArgumentTypeError(f"{text!r} given; allowed: WIDTHxHEIGHT, each 64 to {LARGEST}")
    return int(found[1]), int(found[2])


def _step(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,7}", text) or int(text) > 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} given; allowed: a whole number from 0 to 1000000")
    return int(text)


def _open(options: argparse.Namespace) -> int:
    from explorer.resources import load_experiment

    gc.disable()  # while the libraries are loaded; the window enables it again
    run = _stored(options)  # before Qt: mistakes need no display
    experiment = run[0].experiment if run else load_experiment(options.experiment, options.changes)
    _known_platform()
    if not _has_display():
        raise RuntimeError("no display here; pictures need none: loss-explorer export --help")
    from explorer.application import run_window

    chosen = options.experiment is not None or bool(options.changes)
    return run_window(experiment, options.theme, chosen, run)


def _stored(options: argparse.Namespace) -> tuple[StoredRun, str] | None:
    """The run of a run file, if it is one that is to be opened, and its path."""
    from model import SettingError, load_run

    given = options.experiment or ""
    if not given.lower().endswith(".npz"):
        return None
    if options.changes:
        raise SettingError("--set", options.changes[0], "nothing, for a run: its settings are in its file")
    return load_run(Path(given)), given


def _export(options: argparse.Namespace) -> int:
    from explorer.resources import load_experiment

    experiment = load_experiment(options.experiment, options.changes)
    _check_place(options.out, ".png")
    _known_platform()
    _need_display(options.view == "both" or VIEWS[options.view].spatial, options.given)
    from explorer.application import make_application
    from explorer.export.picture import frame_at, picture, save
    from explorer.style import THEMES

    frame = frame_at(experiment, options.step, not options.linear)
    application = make_application(THEMES[options.theme])
    save(picture(frame, options.view, options.size, THEMES[options.theme]), options.out)
    print(f"{options.out}: {options.view} of “{experiment.title}” at step {frame.cursor}")
    application.quit()
    return 0


def _showcase(options: argparse.Namespace) -> int:
    from explorer.resources import load_experiment

    experiment = load_experiment()
    _make_folder(options.out)
    _known_platform()
    three_d = _has_display() or shutil.which("xvfb-run") is not None
    _need_display(three_d, options.given)
    from explorer.application import make_application
    from explorer.export.film import save_gif
    from explorer.export.picture import frame_at, picture, save

    frame = frame_at(experiment, None)
    application = make_application()
    kind, size, small = ("both", (1600, 730), (1000, 456)) if three_d else ("map", (1200, 1000), (600, 500))
    if not three_d:
        print("No 3-D without a display: the map alone. Installing xvfb gives the surface too.")
    save(picture(frame, kind, size), options.out / "descent.png")
    print(options.out / "descent.png")
    save_gif(frame, kind, small, options.out / "descent.gif")
    print(options.out / "descent.gif")
    application.quit()
    return 0


def _thumbnails(options: argparse.Namespace) -> int:
    _make_folder(options.out)
    _known_platform()
    _need_display(True, options.given)
    from explorer.application import make_application
    from explorer.gallery import save_thumbnails

    application = make_application()
    for path in save_thumbnails(options.out):
        print(path, flush=True)
    application.quit()
    return 0


def _run(options: argparse.Namespace) -> int:
    from explorer.commands import run
    from explorer.resources import load_experiment

    experiment = load_experiment(options.experiment, options.changes)
    if options.out is not None:
        _check_place(options.out, ".csv")
    for line in run(experiment, options.out):
        print(line)
    return 0


def _kinds(options: argparse.Namespace) -> int:
    from explorer.commands import kinds

    for line in kinds():
        print(line)
    return 0


def _check(options: argparse.Namespace) -> int:
    from model.check import report

    failed = 0
    for line, passed in report():
        print(line, flush=True)
        failed += not passed
    return 1 if failed else 0


def _presets(options: argparse.Namespace) -> int:
    from explorer.resources import load_experiment, presets

    for name in presets():
        experiment = load_experiment(name)
        print(f"{name:20} {experiment.title}. {experiment.about}")
    return 0


def _make_folder(path: Path) -> None:
    if not path.name or (path.exists() and not path.is_dir()):
        raise OSError(f"--out: {str(path)!r} given; allowed: a folder")
    path.mkdir(parents=True, exist_ok=True)


def _check_place(path: Path, suffix: str) -> None:
    """Say before any work that a file cannot be written."""
    if path.suffix.lower() != suffix:
        raise OSError(f"--out: {str(path)!r} given; allowed: a name that ends in {suffix}")
    folder = path.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK) or path.is_dir():
        raise OSError(f"--out: {str(path)!r} given; allowed: a file in a folder that exists and can be written to")


def _has_display() -> bool:
    """Whether there is a display that answers: Qt aborts the process where there is only the name of one."""
    if sys.platform != "linux":
        return True
    wayland, x11 = os.environ.get("WAYLAND_DISPLAY"), os.environ.get("DISPLAY")
    if wayland and _answers(socket.AF_UNIX, str(Path(os.environ.get("XDG_RUNTIME_DIR", ""), wayland))):
        return True
    found = re.fullmatch(r"(.*):([0-9]+)(\.[0-9]+)?", x11 or "")
    if not found:
        return False
    host, number = found[1], int(found[2])
    if host not in ("", "unix"):
        return _answers(socket.AF_INET, (host, 6000 + number))
    path = f"/tmp/.X11-unix/X{number}"
    return _answers(socket.AF_UNIX, path) or _answers(socket.AF_UNIX, "\0" + path)


def _answers(family: int, address: str | tuple[str, int]) -> bool:
    with socket.socket(family) as connection:
        connection.settimeout(2.0)
        try:
            connection.connect(address)
        except OSError:
            return False
    return True


def _need_display(three_d: bool, given: list[str]) -> None:
    """Choose Qt's platform: none for flat pictures; for 3-D a display, if need be a virtual one.

    In that case the command runs again there, and this process ends with its exit code.
    """
    if not three_d:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        os.environ.pop("DISPLAY", None)
    elif not _has_display():
        runner = shutil.which("xvfb-run")
        if runner is None or shutil.which("xauth") is None or AGAIN in os.environ:
            raise RuntimeError("3-D needs a display, or a virtual one: install xvfb and xauth (--view map needs none)")
        os.environ[AGAIN] = "1"
        for name in ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY"):
            os.environ.pop(name, None)
        screen = "-screen 0 1920x1080x24 +extension GLX"
        sys.stdout.flush()
        again = [runner, "-a", "-s", screen, sys.executable, "-m", "explorer", *given]
        child = subprocess.Popen(again, start_new_session=True)
        # The virtual display ends with us.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, _: os.killpg(child.pid, number))
        sys.exit(child.wait())


def _known_platform() -> None:
    """Refuse a Qt platform that does not exist, at which Qt would abort."""
    wanted = os.environ.get("QT_QPA_PLATFORM", "").split(":")[0].split(";")[0]
    if sys.platform == "linux" and wanted not in PLATFORMS:
        raise RuntimeError(f"QT_QPA_PLATFORM: {wanted!r} given; allowed: {', '.join(filter(None, PLATFORMS))}")


if __name__ == "__main__":
    sys.exit(main())
