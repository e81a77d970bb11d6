"""Cases by the thousand: within one test, where one each would take longer to set up and report than to run."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any

import pytest

Test = Callable[..., None]


def in_turn(names: str | tuple[str, ...], cases: Collection[Any], ids: Any = str) -> Callable[[Test], Test]:
    """Like `pytest.mark.parametrize`, but all in one test. A failure says with which case it came about.

    The cases may not share what a fixture gives, if they change it.
    """
    names = (names,) if isinstance(names, str) else names
    labels = [ids(case) for case in cases] if callable(ids) else list(ids)
    assert cases, "a test of no cases passes whatever it tests"
    rows = [case if len(names) > 1 else (case,) for case in cases]

    def decorate(test: Test) -> Test:
        @wraps(test)
        def run(**given: Any) -> None:
            for label, values in zip(labels, rows, strict=True):
                try:
                    test(**given, **dict(zip(names, values, strict=True)))
                except pytest.skip.Exception as skipped:
                    raise AssertionError(f"one case skips all: {skipped}") from None
                except Exception as error:
                    error.add_note(f"with {', '.join(names)}: {label}")
                    raise

        signature = inspect.signature(test)
        left = [parameter for name, parameter in signature.parameters.items() if name not in names]
        run.__signature__ = signature.replace(parameters=left)  # type: ignore[attr-defined]
        return run

    return decorate
