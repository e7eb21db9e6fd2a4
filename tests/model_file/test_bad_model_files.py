"""Networks, files and overrides that are refused: where, what is wrong, and what to do."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from neurodiff import ModelError, load
from neurodiff.model_file import from_mapping
from tests.refusals import GOOD, changed, refused, write

DIGRAPH = """\
populations:
  in: {size: 2, role: input}
  mid: {size: 3}
  out: {size: 1, role: output}
projections:
  - {pre: in, post: mid}
  - {pre: mid, post: out}
"""


def with_line(line: str) -> str:
    return DIGRAPH + line + "\n"


# the `network` part; then what the message must say
NETWORKS: dict[str, tuple[str, tuple[str, ...]]] = {
    "unknown key in a projection": (
        with_line("  - {pre: in, post: out, wieghts: {init: normal, sd: 1}}"),
        ("network.projections.2.wieghts: unknown key", "did you mean `weights`?", "line 11"),
    ),
    "unknown population": (
        with_line("  - {pre: in, post: outt}"),
        ("network.projections.2.post: no population is named 'outt'", "`out`", "line 11"),
    ),
    "two projections of one name": (
        with_line("  - {pre: in, post: mid}"),
        ("network.projections.2: two projections are named 'in_to_mid'", "`name`", "line 11"),
    ),
    "one_to_one of unequal sizes": (
        with_line("  - {pre: in, post: out, connectivity: {one_to_one: true}}"),
        ("network.projections.2.connectivity: one_to_one between 2 and 1 units", "equal size"),
    ),
    "two rules of connectivity": (
        with_line("  - {pre: in, post: out, connectivity: {one_to_one: true, probability: 0.1}}"),
        ("network.projections.2.connectivity: 2 rules are given", "write one of"),
    ),
    "no rule of connectivity": (
        with_line("  - {pre: in, post: out, connectivity: {probability: }}"),
        ("network.projections.2.connectivity: 0 rules are given", "write one of"),
    ),
    "probability alone": (
        with_line("  - {pre: in, post: out, connectivity: 0.3}"),
        ("network.projections.2.connectivity: 0.3 alone says no rule", "write {probability: 0.3}"),
    ),
    "misspelt word for connectivity": (
        with_line("  - {pre: in, post: out, connectivity: one_two_one}"),
        ("network.projections.2.connectivity: 'one_two_one'", "did you mean `one_to_one`?"),
    ),
    "probability above 1": (
        with_line("  - {pre: in, post: out, connectivity: {probability: 10}}"),
        ("network.projections.2.connectivity.probability: 10 is too large", "1 or less"),
    ),
    "probability that draws nothing": (
        DIGRAPH.replace("post: mid}", "post: mid, connectivity: {probability: 1.0e-9}}").replace(
            "post: out}", "post: out, connectivity: {probability: 1.0e-9}}"
        ),
        (
            "network.projections.0.connectivity: projection `in_to_mid` has not a single synapse",
            "raise `probability`",
        ),
    ),
    "delay of a projection": (
        with_line("  - {pre: in, post: out, delay: 0.5 ms}"),
        ("network.projections.2.delay: 0.5 ms is no multiple of the time step", "line 11"),
    ),
    "size of 0": (
        DIGRAPH.replace("size: 3", "size: 0"),
        ("network.populations.mid.size: 0 is too small", "above 0", "line 6"),
    ),
    "size as text": (
        DIGRAPH.replace("size: 3", "size: '3'"),
        ("network.populations.mid.size: '3' is no whole number", "line 6"),
    ),
    "population without size": (
        DIGRAPH.replace("size: 3", "bias: true"),
        ("network.populations.mid.size: missing", "write `size: ...`", "line 6"),
    ),
    "unknown role": (
        DIGRAPH.replace("role: output", "role: outptu"),
        ("network.populations.out.role: 'outptu' is not known", "did you mean `output`?"),
    ),
    "no output": (
        DIGRAPH.replace(", role: output", ""),
        ("network.populations: none has the role output", "`role: output`", "line 4"),
    ),
    "no input": (
        DIGRAPH.replace(", role: input", ""),
        ("network.populations: none has the role input", "`role: input`", "line 4"),
    ),
    "nothing reaches a population": (
        DIGRAPH.replace("{pre: in, post: mid}", "{pre: in, post: out}"),
        ("network.populations.mid: no projection reaches it", "add one", "line 6"),
    ),
    "population that reaches nothing": (
        DIGRAPH.replace("{pre: mid, post: out}", "{pre: in, post: out}"),
        ("network.populations.mid: it reaches no output", "add a projection", "line 6"),
    ),
    "projection to an input": (
        with_line("  - {pre: mid, post: in}"),
        ("network.populations.in: an input population receives a projection", "line 5"),
    ),
    "projections only": (
        DIGRAPH[DIGRAPH.index("projections") :],
        ("network: `projections` do not go together", "`populations`", "line 3"),
    ),
    "dot in the name of a population": (
        DIGRAPH.replace("mid", "v1.a"),
        ("network.populations.v1.a: 'v1.a' is no name", "line 6"),
    ),
    "number as the name of a population": (
        DIGRAPH.replace("mid:", "1:"),
        ("network.populations.1: 1 is no text", "quotes"),
    ),
    "cycle that no input reaches": (
        DIGRAPH.replace("{pre: in, post: mid}", "{pre: mid, post: mid}")
        + "  - {pre: in, post: out}\n",
        ("network.populations.mid: no input reaches it", "add a projection to", "line 6"),
    ),
    "cycle that reaches no output": (
        DIGRAPH.replace("{pre: mid, post: out}", "{pre: mid, post: mid}")
        + "  - {pre: in, post: out}\n",
        ("network.populations.mid: it reaches no output", "add a projection from", "line 6"),
    ),
}


@pytest.mark.parametrize(("network", "said"), NETWORKS.values(), ids=NETWORKS.keys())
def test_bad_network(tmp_path: Path, network: str, said: tuple[str, ...]):
    indented = "".join(f"  {line}\n" for line in network.splitlines())
    message = refused(write(tmp_path, GOOD.replace(" {layers: [2, 3, 1]}\n", "\n" + indented)))
    for part in said:
        assert part in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ("model.yaml: is empty", "begin it with `neurodiff: 1`")),
        ("# only a comment\n", ("model.yaml: is empty",)),
        ("- 1\n- 2\n", ("model.yaml: is no model file", "`neurodiff: 1`")),
        ("just words\n", ("model.yaml: is no model file",)),
        (GOOD.replace("[2, 3, 1]", "[2, 3, 1"), ("model.yaml, line 3: broken YAML", "mend")),
        (GOOD + "  odd: 1\n", ("model.yaml, line 7: broken YAML",)),
        (GOOD + "\tseed: 1\n", ("model.yaml, line 7: broken YAML",)),
        (GOOD + "seed: \x01\n", ("model.yaml: broken YAML", "mend the file")),
        (GOOD + "seed: 2024-13-45\n", ("line 7: seed: '2024-13-45' is no whole number",)),
        (
            GOOD + "seed: !!int abc\n",
            ("model.yaml, line 7: broken YAML: 'abc' is no int", "mend the file"),
        ),
        (GOOD + "seed: " + "[" * 2000 + "\n", ("model.yaml, line 7: is nested too deeply",)),
        (GOOD + "seed: " + "[" * 99 + "]" * 99, ("model.yaml, line 7: is nested too deeply",)),
        (GOOD + "name: again\n", ("model.yaml, line 7: `name` is there twice", "keep one")),
        (
            GOOD.replace("values: [0.5]", "values: [0.5], values: [1]"),
            ("model.yaml, line 5: `values` is there twice",),
        ),
        (GOOD.replace("neurodiff: 1\n", ""), ("model.yaml: neurodiff: missing", "`neurodiff: 1`")),
        (GOOD.replace("name: good\n", ""), ("model.yaml: name: missing", "`name: my-study`")),
        ("neurodiff: 1\n", ("network: missing", "`network: {layers: [4, 30, 3]}`", "run: missing")),
    ],
)
def test_bad_file(tmp_path: Path, text: str, said: tuple[str, ...]):
    message = refused(write(tmp_path, text))
    for part in said:
        assert part in message


def test_file_that_cannot_be_read(tmp_path: Path):
    missing = tmp_path / "none.yaml"
    assert refused(missing) == f"{missing}: no such file; check the path"
    assert "is a directory" in refused(tmp_path).lower()
    binary = tmp_path / "model.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    assert refused(binary) == f"{binary}: is no text file; save it as UTF-8 text"


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("seed", "--set: 'seed' is not understood; write it as `key.path=value`"),
        ("=3", "--set: '=3' is not understood"),
        ("name=[", "--set name=[: '[' is no YAML value; quote it"),
        ("input.values.2=1", "--set: input.values.2: '2' is no index; write 0 to 1"),
        ("input.values.first=1", "--set: input.values.first: 'first' is no index"),
        ("name.first=1", "--set: name is 'good', not a mapping; set `name` as a whole"),
        ("run.duration.ms=1", "--set: run.duration is '20 ms', not a mapping"),
        ("network.layers.0.q=1", "--set: network.layers.0 is 2, not a mapping"),
        ("network.layers.²=1", "--set: network.layers.²: '²' is no index"),
        ("seed=2024-13-45", "--set seed=2024-13-45: seed: '2024-13-45' is no whole number"),
        ("seed=" + "[" * 2000, "--set seed=[[["),
        ("recrod.signals=1 ms", "--set recrod.signals=1 ms: recrod: unknown key `recrod`"),
    ],
)
def test_bad_override(tmp_path: Path, override: str, said: str):
    assert refused(write(tmp_path, GOOD), override).startswith(said)


def test_a_bad_seed_argument_is_named_as_such(tmp_path: Path):
    with pytest.raises(ModelError, match="seed: -1 is too small; write 0 or more"):
        load(write(tmp_path, GOOD), seed=-1)


def test_several_mistakes_are_told_at_once_each_with_its_line(tmp_path: Path):
    text = GOOD.replace("[0.2, -0.4]", "[a, -0.4]").replace("20 ms", "20")
    message = refused(write(tmp_path, text + "seed: x\n"))
    for part in ("line 4: input.values.0: 'a'", "line 6: run.duration: 20", "line 7: seed: 'x'"):
        assert part in message


def test_a_model_made_in_python_is_refused_alike_without_a_file():
    with pytest.raises(ModelError, match=r"^input\.values: 1 values for 2 input units"):
        from_mapping(YAML(typ="safe").load(changed("input={kind: constant, values: [1]}")))
