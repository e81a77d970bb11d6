"""Numbers in sentences: as many digits as a reader needs."""

from __future__ import annotations


def shown(number: float, digits: int = 2) -> str:
    """To that many digits, without an exponent as long as that is the shorter way."""
    if not 1e-4 <= abs(number) < 1e6:
        return f"{number:.{digits}g}"
    exponent = int(f"{number:.{digits - 1}e}".partition("e")[2])  # of the rounded number: 0.999 is 1.0
    places = digits - 1 - exponent
    return f"{round(number, places):,.{max(places, 0)}f}"


def told_apart(one: float, other: float) -> tuple[str, str]:
    """Both numbers to as many digits, two at least, as it takes to see that they differ."""
    digits = next((d for d in range(2, 17) if f"{one:.{d}g}" != f"{other:.{d}g}"), 17)
    return shown(one, digits), shown(other, digits)
