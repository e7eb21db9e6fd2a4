"""The memory that is free, by whatever limit, and runs that do not fit into it."""

import resource

import pytest

import neurodiff
from neurodiff import SimulationError, load_sweep, run_sweep
from neurodiff.exceptions import MachineError
from neurodiff.plan import memory
from neurodiff.plan.forewarnings import in_words
from neurodiff.sweeps import execution
from tests.networks import chain
from tests.sweeps.test_sweep import ended, written
from tests.sweeps.test_sweep_processes import SMALL

#: A limit that leaves 500 of 1000 bytes, and 200 more that only hold files.
GROUPS = {
    "version 2": ("0::/job/task", "", "memory.max", "memory.current", "inactive_file"),
    "version 1": (
        "4:memory:/job/task",
        "memory",
        "memory.limit_in_bytes",
        "memory.usage_in_bytes",
        "total_inactive_file",
    ),
}


@pytest.mark.parametrize("where", ["job/task", "job", ""])
@pytest.mark.parametrize("version", GROUPS)
def test_limits_of_groups_hold_for_those_inside(tmp_path, version, where):
    line, kind, limit, use, cache = GROUPS[version]
    own = tmp_path / "cgroup"
    own.write_text(f"7:cpu:/other\n{line}\n")
    inner = tmp_path / "groups" / kind / "job" / "task"
    inner.mkdir(parents=True)
    for folder in (inner, inner.parent, inner.parent.parent):
        (folder / limit).write_text(str(2**63 - 4096) if kind else "max\n")
    limited = tmp_path / "groups" / kind / where
    (limited / limit).write_text("1000\n")
    (limited / use).write_text("700\n")
    (limited / "memory.stat").write_text(f"anon 500\n{cache} 200\n")
    assert list(memory._of_groups(own, tmp_path / "groups")) == [500]
    (limited / limit).write_text("max\n")
    assert list(memory._of_groups(own, tmp_path / "groups")) == []


def test_limits_of_the_process_count():
    before = resource.getrlimit(resource.RLIMIT_AS)
    everything = memory.free_memory()
    used = memory.psutil.Process().memory_info().vms
    try:
        resource.setrlimit(resource.RLIMIT_AS, (used + 300_000_000, before[1]))
        assert memory.free_memory() <= 300_000_000 < everything
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


LARGE = {
    "delays": ({"delay": "100000 s"}, "shorten the longest delay"),
    "recording": (
        {"run": {"duration": "1000 s"}, "validation": {"every": "1 ms"}},
        "record less or less often: `record`, `validation.every`",
    ),
}


@pytest.mark.parametrize("part", LARGE)
def test_a_run_that_does_not_fit_is_refused_before_anything_is_built(monkeypatch, part):
    keys, remedy = LARGE[part]
    simulation = neurodiff.Simulation(chain([2, 1], **keys), backend="numpy")
    free = simulation.cost.memory / 2
    monkeypatch.setattr(memory, "free_memory", lambda: free)
    monkeypatch.setattr(simulation, "build", lambda: pytest.fail("it was built"))
    needed, part_of_it = memory.in_bytes(2 * free), memory.in_bytes(simulation.cost.parts[part])
    with pytest.raises(SimulationError) as caught:
        simulation.run()
    assert str(caught.value) == (
        f"the run needs about {needed} of memory and {memory.in_bytes(free)} are free; "
        f"the {part} take {part_of_it} of it: {remedy}"
    )


def test_a_delay_that_outlasts_the_run_is_worth_a_warning():
    late = chain([2, 1], delay="40 ms")
    with pytest.warns(UserWarning, match="2 of 2 forward delays, up to 40 ms, outlast the run"):
        neurodiff.Simulation(late, backend="numpy").run()
    in_time = chain([2, 1], delay="39 ms")
    neurodiff.Simulation(in_time, backend="numpy").run()


def test_waiting_is_told_in_words():
    words = [in_words(seconds) for seconds in (2.6, 59, 300, 7200, 3 * 86400, 4e9)]
    assert words == ["3 s", "59 s", "5 min", "2 h", "3 days", "127 years"]


def test_runs_of_a_sweep_fit_into_memory_together(tmp_path, monkeypatch):
    each = 1e9 + execution._PROCESS
    monkeypatch.setattr(execution, "free_memory", lambda: 3.5 * each)
    assert execution._processes(3, 10, 1e9, None) == 3
    with pytest.raises(MachineError) as caught:
        execution._processes(5, 10, 1e9, None)
    assert str(caught.value) == (
        "workers: 5 runs at once need about 6.5 GB of memory and 4.55 GB are free; take 3"
    )
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    with pytest.warns(UserWarning, match="8 runs at once need .* are free: 3 are done at once"):
        assert execution._processes(None, 10, 1e9, None) == 3


def test_what_a_machine_has_no_memory_for_is_not_a_result(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda: 1.0)
    sweep = load_sweep(written(tmp_path, SMALL))
    result = run_sweep(sweep, tmp_path / "out", workers=1)
    assert all(
        str(error).startswith("not done: MachineError: the run needs about")
        for error in result["error"].values.ravel()
    )
    assert not ended(tmp_path / "out" / "runs")
