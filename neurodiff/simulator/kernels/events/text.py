"""The C++ of the kernel for events: `events.h`, and what differs between models."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from neurodiff.network.activations import Activation
from neurodiff.simulator.backends.cpp_text import cpp_text
from neurodiff.simulator.backends.variables import ArrayVariable
from neurodiff.simulator.error_units import INJECTION
from neurodiff.simulator.kernels.sources import header
from neurodiff.simulator.kernels.vector_math import DECLARED

#: A function of all units of a population, whose activation function has a number.
_FUNCTION = """
static void {name}(int64_t activation, {arguments}, double* __restrict__ result, int64_t n) {{
    switch (activation) {{
{cases}
    }}
}}
"""
_CASE = """        case {number}:
            for (int64_t i = 0; i < n; i++) {{
                {values}
                result[i] = {text};
            }}
            break;"""
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
    net.rule = Rule{{numbers[0], numbers[1], sizes[5], sizes[6]}};
    net.thresholds = Thresholds{{numbers[2], numbers[3], sizes[7], numbers[4], numbers[5]}};
    net.sent_x = Ring{{{unit_counts}, {unit_numbers}, {unit_values}, sizes[8], net.n_units}};
    net.sent_delta = Ring{{{error_counts}, {error_numbers}, {error_values}, sizes[9],
                          net.n_units - net.n_inputs}};
{same}
    double* signals[] = {{{x}, {delta}, {target}, {bias}}};
    net.signals = signals;
    net.records = (const Record*){records};
    net.n_records = sizes[10];
    net.folder = {folder};
"""

#: Arrays that have one name in Python and in C++.
_SAME = (
    *("by_sender", "by_receiver", "arrived", "gathered", "returned", "met", "driven", "squares"),
    *("arrived_back", "learned", "left", "learned_last", "unit_sent", "unit_moved", "unit_times"),
    *("error_sent", "error_times", "mean_square", "least", "a", "x", "drive", "delta", "feedback"),
    *("bias", "target", "has_bias", "u", "y", "output", "scratch"),
)


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
            Function of `events.h`: `step`.
        name_of : callable
            C++ expression of the address of an array.
        arguments : str
            Arguments besides the step.
        """
        names = {name: name_of(variable) for name, variable in self.named.items()}
        same = "\n".join(f"    net.{name} = {names[name]};" for name in _SAME)
        fill = _FILL.format(same=same, **names)
        head = f"static double neurodiff_{called}({arguments}double now) {{"
        end = f"    return {called}(net, (int64_t)now);\n}}\n"
        parts = [header("records.h"), self._functions(), header("events/events.h")]
        return "\n".join([*parts, f"{head}{fill}{end}"])

    def _functions(self) -> str:
        a = "const double* __restrict__ as"
        sigma = self._function("sigma", a, [part.text for part in self.activations])
        slopes = [part.slope_text for part in self.activations]
        slope = self._function("slope_of", f"{a}, const double* __restrict__ xs", slopes)
        return sigma + slope + _INJECTED.format(text=cpp_text(INJECTION[self.loss]))

    @staticmethod
    def _function(name: str, arguments: str, texts: list[str]) -> str:
        values = "const double a = as[i];" + (
            " const double x = xs[i];" if "xs" in arguments else ""
        )
        cases = [
            _CASE.format(number=number, values=values, text=cpp_text(text))
            for number, text in enumerate(texts)
        ]
        return _FUNCTION.format(name=name, arguments=arguments, cases="\n".join(cases))
