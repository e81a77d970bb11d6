"""Arrays: how numbers from outside come in.

They become floats at the door, as 25¹⁴ is no whole number of 64 bits, and of the size that is expected there. What is
kept is a copy that nobody can change: a caller's array stays the caller's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from model.settings import SettingError

Array = npt.NDArray[Any]


def vectors(given: npt.ArrayLike, size: int, name: str = "params") -> Array:
    """Vectors `(..., size)` as floats: the array given, where it is one. Raises `SettingError` for other shapes."""
    array = np.asarray(given, float)
    if not array.ndim or array.shape[-1] != size:
        raise SettingError(name, array.shape, f"a shape that ends with the number of parameters, {size}")
    return array


def vector(given: npt.ArrayLike, size: int, name: str = "params") -> Array:
    """One vector `(size,)` as floats: the array given, where it is one. Raises `SettingError` for other shapes."""
    array = np.asarray(given, float)
    if array.shape != (size,):
        raise SettingError(name, array.shape, f"the shape ({size},)")
    return array


def kept(given: npt.ArrayLike, kind: type = float) -> Array:
    """A read-only copy; the array given, where that is as good as one: read-only, and no view of another."""
    if isinstance(given, np.ndarray) and given.dtype == kind and given.base is None and not given.flags.writeable:
        return given
    copy: Array = np.array(given, kind)
    copy.flags.writeable = False
    return copy
