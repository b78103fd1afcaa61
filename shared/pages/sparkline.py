"""Response times as a small line."""

from collections.abc import Sequence

from markupsafe import Markup, escape

HEIGHT, _STEP = 24, 2
_TOP, _BOTTOM = 3, 21


def sparkline(values: Sequence[float | None], label: str, *, form: str = "spark") -> Markup:
    """The line; a gap stays a gap. Nothing if there are fewer than two values. ``form``: its classes."""
    known = sorted(value for value in values if value is not None)
    if len(known) < 2:
        return Markup()
    # One slow check among many does not press the rest flat.
    top = max(known[-1 - len(known) // 20], 1e-9)
    path, is_drawn = [], False
    for number, value in enumerate(values):
        if value is None:
            is_drawn = False
            continue
        y = round(_BOTTOM - (_BOTTOM - _TOP) * min(1.0, value / top))
        path.append(f"{'L' if is_drawn else 'M'}{number * _STEP} {y}")
        is_drawn = True
    width = (len(values) - 1) * _STEP
    return Markup(  # noqa: S704  # numbers, and a label that is escaped
        f'<svg class="{form}" viewBox="0 0 {width} {HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(label)}"><path d="{"".join(path)}"/></svg>'
    )
