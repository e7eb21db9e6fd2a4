"""The figure: cost of a weight and step against width, depth and sparsity."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from dense.cases import CASES, Case
from dense.comparing import Outcome
from dense.table import PROGRAMS
from neurodiff.plot.style import WIDE, dress, new_figure, styled

#: Groups of cases, what changes in them, and how that is read from a case.
_PANELS = {
    "width": ("units of each of 10 layers", lambda case: case.width),
    "depth": ("layers of 300 units", lambda case: case.layers),
    "sparsity": ("connection probability, 500 units", lambda case: case.probability),
}
_MARKERS = "os^vD<>phX*"


@styled
def save_figure(outcomes: Sequence[Outcome], path: Path) -> None:
    """Draw the groups that were measured; at least one."""
    groups = [name for name in _PANELS if any(_of_group(outcomes, name))]
    figure = new_figure(WIDE, 3.4)
    for place, group in enumerate(groups):
        axes = figure.add_subplot(1, len(groups), place + 1)
        _draw(axes, _of_group(outcomes, group), group)
    figure.savefig(path, dpi=150)


def has_figure(outcomes: Sequence[Outcome]) -> bool:
    """Whether any of it is in a figure."""
    return any(_of_group(outcomes, name) for name in _PANELS)


def _case(name: str) -> Case:
    return next(case for case in CASES if case.name == name)


def _of_group(outcomes: Sequence[Outcome], group: str) -> list[Outcome]:
    return [o for o in outcomes if o.times and _case(o.case).group == group]


def _draw(axes: Axes, outcomes: list[Outcome], group: str) -> None:
    label, read = _PANELS[group]
    for place, name in enumerate(name for name in PROGRAMS if _of(outcomes, name)):
        mine = _of(outcomes, name)
        style = {"marker": _MARKERS[place % len(_MARKERS)], "markersize": 4, "label": name}
        axes.loglog([read(_case(o.case)) for o in mine], [o.median for o in mine], **style)
    axes.legend(fontsize=5)
    dress(axes, label, "ns per weight and step", f"Cost against {group}")


def _of(outcomes: list[Outcome], name: str) -> list[Outcome]:
    return [outcome for outcome in outcomes if outcome.program == name]
