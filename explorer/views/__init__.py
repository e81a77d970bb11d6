"""The views: every file of this folder is one, has its name, and ends with its class, `VIEW`.

What there is can be asked without Qt, as the command line does. A view's class is loaded when it is wanted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.drawing.view import View

ORDER = ("map", "surface", "loss", "trust", "slice", "spectrum", "layers")  # in menus; others come after them


class _Folder(Mapping[str, "type[View]"]):
    """The views' classes by their names."""

    def __init__(self) -> None:
        found = {file.name for file in iter_modules(__path__)}
        self._names = [*(name for name in ORDER if name in found), *sorted(found - set(ORDER))]

    def __getitem__(self, name: str) -> type[View]:
        if name not in self._names:
            raise KeyError(name)
        view: type[View] = import_module(f"{__name__}.{name}").VIEW
        return view

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


VIEWS = _Folder()
