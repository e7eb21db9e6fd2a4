"""Brian2 text of one expression as C++ that stands outside of Brian2's own code."""

from brian2.parsing.rendering import CPPNodeRenderer
from brian2.utils.stringtools import word_substitute

#: What Brian2 calls by another name, or explains elsewhere.
_NAMES = {"_brian_pow": "std::pow", "abs": "std::fabs", "int": "double"}


def cpp_text(text: str) -> str:
    """An expression in C++; it needs `cmath`.

    Parameters
    ----------
    text : str
        Expression in Brian2's syntax, of numbers.
    """
    return str(word_substitute(CPPNodeRenderer().render_expr(text), _NAMES))
