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
    """A copy that nobody can change, over bytes that cannot be thawed; the array given, where it is such a copy.

    Raises `SettingError` where whole numbers are wanted and others given.
    """
    array = np.asarray(given)
    if isinstance(array.base, bytes) and array.dtype == kind:
        return array
    if kind is int and not np.array_equal(array, np.rint(array)):
        raise SettingError("numbers", "some that are not whole", "whole numbers")
    return np.ndarray(array.shape, kind, array.astype(kind).tobytes())
