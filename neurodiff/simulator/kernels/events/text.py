"""The C++ of the kernel for events: `synapses.h`, `units.h`, and what differs between models."""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import ClassVar

from neurodiff.network.activations import Activation
from neurodiff.simulator.backends.cpp_text import cpp_text
from neurodiff.simulator.backends.variables import ArrayVariable
from neurodiff.simulator.error_units import INJECTION
from neurodiff.simulator.kernels.sources import header
from neurodiff.simulator.kernels.vector_math import DECLARED

_HEADERS = ("tanh", "synapses", "units")
#: Functions of some units of a population, whose activation function has a number.
_SIGMA = """
static void sigma(int64_t activation, const double* __restrict__ as, double* __restrict__ result,
                  int64_t n, double* before, double* there) {{
    switch (activation) {{
{cases}
    }}
}}
"""
_SLOPE = """
static void slope_of(int64_t activation, const double* __restrict__ as,
                     const double* __restrict__ xs, double* __restrict__ result, int64_t n) {{
    switch (activation) {{
{cases}
    }}
}}
"""
_CASE = """        case {number}: {{
            {before}
            for (int64_t i = 0; i < n; i++) {{
                {values}
                result[i] = {text};
            }}
            break;
        }}"""
#: What comes before a function with a tanh: this is computed by itself.
_TANH = """double argument[AT_ONCE], tangent[AT_ONCE];
            for (int64_t i = 0; i < n; i++) {{ const double a = as[i]; argument[i] = {argument}; }}
            near_tanh(argument, before, there, tangent, n);"""
_INJECTED = """
static inline double injected(double slope, double x, double target) {{ return {text}; }}
"""

_FILL = """
    Network net;
    const int64_t* sizes = {sizes};
    const double* numbers = {numbers};
    net.blocks = (const Block*){blocks};
    net.n_blocks = sizes[0];
    net.populations = (const Population*){populations};
    net.n_populations = sizes[1];
    net.index = {index};
    net.n_units = sizes[2];
    net.n_inputs = sizes[3];
    net.renewed_every = sizes[4];
    net.biased = sizes[11];
    net.least_left = numbers[6];
    net.rule = Rule{{numbers[0], numbers[1], sizes[5], sizes[6]}};
    net.thresholds = Thresholds{{numbers[2], numbers[3], sizes[7], numbers[4], numbers[5]}};
    net.sent_x = Ring{{{unit_counts}, {unit_numbers}, {unit_values}, sizes[8], net.n_units}};
    net.sent_delta = Ring{{{error_counts}, {error_numbers}, {error_values}, sizes[9],
                          net.n_units - net.n_inputs}};
{same}
    double* signals[] = {{net.x, net.delta, net.target, net.bias}};
    net.signals = signals;
    net.records = (const Record*){records};
    net.n_records = sizes[10];
    net.folder = {folder};
"""


@dataclass(frozen=True, eq=False)
class EventText:
    """The text of one network; see `sources.Text`.

    Attributes
    ----------
    named : mapping
        Arrays by the names in the text.
    activations : list of Activation
        Activation functions by their numbers.
    loss : str
        Loss of the model.
    """

    named: Mapping[str, ArrayVariable]
    activations: list[Activation]
    loss: str
    declared: ClassVar[str] = DECLARED

    @property
    def variables(self) -> list[ArrayVariable]:
        """The arrays, in the order of their addresses."""
        return list(self.named.values())

    def text(self, called: str, name_of: Callable[[ArrayVariable], str], arguments: str) -> str:
        """The C++ text of a function `neurodiff_<called>` of the step.

        Parameters
        ----------
        called : str
            Function of `units.h`: `step`.
        name_of : callable
            C++ expression of the address of an array.
        arguments : str
            Arguments besides the step.
        """
        names = {name: name_of(variable) for name, variable in self.named.items()}
        # all others have one name in Python and in C++
        others = names.keys() - {field for _, field, _, _ in Formatter().parse(_FILL)}
        same = "\n".join(f"    net.{name} = {names[name]};" for name in names if name in others)
        fill = _FILL.format(same=same, **names)
        head = f"static double neurodiff_{called}({arguments}double now) {{"
        end = f"    return {called}(net, (int64_t)now);\n}}\n"
        headers = [header("records.h"), *(header(f"events/{name}.h") for name in _HEADERS)]
        parts = [*headers[:-1], self._functions(), headers[-1]]
        return "\n".join([*parts, f"{head}{fill}{end}"])

    def _functions(self) -> str:
        sigmas = [_case_of_sigma(k, part.text) for k, part in enumerate(self.activations)]
        values = "const double a = as[i], x = xs[i];"
        slopes = [
            _CASE.format(number=k, before="", values=values, text=cpp_text(part.slope_text))
            for k, part in enumerate(self.activations)
        ]
        sigma, slope = (
            whole.format(cases="\n".join(cases))
            for whole, cases in ((_SIGMA, sigmas), (_SLOPE, slopes))
        )
        return sigma + slope + _INJECTED.format(text=cpp_text(INJECTION[self.loss]))


def _case_of_sigma(number: int, text: str) -> str:
    tree = ast.parse(text, mode="eval")
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "tanh"
    ]
    values, before = "const double a = as[i];", ""
    if len(found) == 1:
        before = _TANH.format(argument=cpp_text(ast.unparse(found[0].args[0])))
        values += " const double hyperbolic = tangent[i];"
        text = ast.unparse(_WithoutCall(found[0]).visit(tree))
    return _CASE.format(number=number, before=before, values=values, text=cpp_text(text))


class _WithoutCall(ast.NodeTransformer):
    """An expression with a name in place of a call."""

    def __init__(self, call: ast.Call):
        self._call = call

    def visit_Call(self, node: ast.Call) -> ast.AST:
        return ast.Name("hyperbolic") if node is self._call else self.generic_visit(node)
