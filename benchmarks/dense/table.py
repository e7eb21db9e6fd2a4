"""All programs by name: where their code is, what they are asked for, and what they can do."""

from collections.abc import Mapping
from dataclasses import dataclass, field

ALL = ("dense", "sparse", "drawn")
DENSE = ("dense",)


@dataclass(frozen=True)
class Entry:
    """A program.

    Attributes
    ----------
    module, name : str
        Module in `dense.peers`, and class in it.
    options : mapping
        Keyword arguments of the class; with `precision` and `threads` where they are not float64
        and 1.
    kinds : tuple of str
        The networks that it can learn.
    limits : str
        Why no others.
    most_synapses : float
        Larger networks would take it minutes, or more memory than there is.
    forward_only : bool
        It carries the forward wave and learns nothing.
    extra : bool
        Runs only if it is asked for by its name.
    """

    module: str
    name: str
    options: Mapping[str, str | int] = field(default_factory=dict)
    kinds: tuple[str, ...] = DENSE
    limits: str = "written for dense networks with delays of one step"
    most_synapses: float = 2e7
    forward_only: bool = False
    extra: bool = False

    @property
    def threads(self) -> int:
        """Cores that it may use."""
        return int(self.options.get("threads", 1))

    @property
    def precision(self) -> str:
        """`float64` or `float32`."""
        return str(self.options.get("precision", "float64"))


#: The program that says what the weights must be, and the one that the others' times are held
#: against.
REFERENCES = {"dense": "NumPy", "sparse": "NumPy sparse", "drawn": "NumPy sparse"}
LIMIT = "C loop"

PROGRAMS = {
    "NumPy": Entry("numpy_dense", "Dense", {"update": "outer"}),
    "NumPy sparse": Entry(
        "numpy_sparse",
        "Sparse",
        kinds=("sparse", "drawn"),
        limits="written for sparse networks",
    ),
    "C loop": Entry("c_loop", "CLoop", kinds=ALL),
    "C loop float32": Entry("c_loop", "CLoop", {"precision": "float32"}, ALL),
    "C loop 2 threads": Entry("c_loop", "CLoop", {"threads": 2}, ALL),
    "neurodiff numpy": Entry("ours", "Ours", {"target": "numpy"}, ALL),
    "neurodiff cython": Entry("ours", "Ours", {"target": "cython"}, ALL),
    "neurodiff": Entry("ours", "Ours", {"target": "cpp_standalone"}, ALL),
    "neurodiff float32": Entry(
        "ours", "Ours", {"target": "cpp_standalone", "precision": "float32"}, ALL
    ),
    "neurodiff 2 threads": Entry("ours", "Ours", {"target": "cpp_standalone", "threads": 2}, ALL),
    "neurodiff native": Entry(
        "ours", "Ours", {"target": "cpp_standalone", "engine": "native"}, ALL, most_synapses=2e6
    ),
    "NumPy+ger": Entry("numpy_dense", "Dense", {"update": "ger"}),
    "Numba": Entry("numba_loop", "NumbaLoop"),
    "JAX": Entry("jax_loop", "JaxLoop"),
    "PyTorch": Entry("torch_loop", "TorchLoop"),
    "PARTIME's scheme": Entry("partime", "Partime"),
    "ANNarchy": Entry(
        "annarchy_rates",
        "AnnarchyRates",
        limits="a synapse with a delay of several steps sees delayed variables only, and the copy "
        "of the weights that carries errors back would have to learn from the error of now",
    ),
    "NEST (forward only)": Entry("nest_rates", "NestRates", most_synapses=1e6, forward_only=True),
    "late update": Entry("wrong", "LateUpdate", extra=True),
    "late output": Entry("wrong", "LateOutput", extra=True),
    "missing": Entry("wrong", "Missing", extra=True),
}
