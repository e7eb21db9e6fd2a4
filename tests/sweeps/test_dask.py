"""A Dask cluster of other processes: the same array, and nobody waits in vain."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from neurodiff import ModelError, SimulationError, load_sweep, run_sweep
from neurodiff.sweeps import cluster as module
from neurodiff.sweeps.cluster import cluster
from tests.sweeps.test_sweep import ended, identical, written

pytest.importorskip("distributed")


def refused(address: str) -> str:
    with pytest.raises((ModelError, SimulationError)) as caught, cluster(address):
        pass
    return str(caught.value)


def test_an_address_without_a_scheduler_is_refused_in_time(monkeypatch):
    # within 15 s, with what is imported before and after
    assert module._ANSWER + 1 + module._WORKERS <= 10
    monkeypatch.setattr(module, "_ANSWER", 0.5)
    assert "is no address; write one such as tcp://127.0.0.1:8786" in refused("nonsense")
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"tcp://127.0.0.1:{server.server_port}"
    said = "its dashboard may, which has another port: the scheduler's address is printed by"
    try:
        assert f"no Dask scheduler answers at {address}; {said}" in refused(address)
    finally:
        server.shutdown()
        server.server_close()
    assert f"no Dask scheduler answers at {address}" in refused(address)


class Client:
    """What a cluster asks of its client, of a cluster that is a list of workers."""

    status = "running"

    def __init__(self, workers: dict[str, dict[str, str]]):
        self.workers = workers

    def nthreads(self) -> dict[str, int]:
        return dict.fromkeys(self.workers, 1)

    def get_versions(self, packages: list[str]) -> dict[str, Any]:
        mine = {name: module.version(name) for name in packages} | {"python": "3.11.99"}
        mine["python"] = ".".join(map(str, sys.version_info[:2])) + ".99"
        return {"workers": {key: {"packages": mine | own} for key, own in self.workers.items()}}

    def get_executor(self, pure: bool) -> None:
        return None


def test_workers_with_other_versions_are_refused_and_named():
    module._refuse_other_versions(Client({"tcp://one:1": {}}))
    for name, theirs in (("brian2", "1.0"), ("python", "3.9.1"), ("neurodiff", None)):
        with pytest.raises(SimulationError) as caught:
            module._refuse_other_versions(
                Client({"tcp://one:1": {}, "tcp://two:2": {name: theirs}})
            )
        shown = {"python": "3.9"}.get(name, theirs or "missing")
        assert f"the worker tcp://two:2 has {name} {shown} where this process" in str(caught.value)


def test_a_cluster_that_has_lost_its_workers_or_its_scheduler_is_not_waited_for(monkeypatch):
    client = Client({"tcp://one:1": {}})
    executor = module.Cluster(client, "tcp://here:1")
    executor.refuse_to_wait_in_vain()
    client.workers.clear()
    executor.refuse_to_wait_in_vain()
    monkeypatch.setattr(module, "_WITHOUT_WORKERS", -1)
    with pytest.raises(SimulationError, match="lost all its workers; what has ended is kept"):
        executor.refuse_to_wait_in_vain()
    client.status = "closed"
    with pytest.raises(SimulationError, match="the Dask scheduler at tcp://here:1 has gone"):
        executor.refuse_to_wait_in_vain()


def test_a_scheduler_without_workers_is_refused(monkeypatch):
    monkeypatch.setattr(module, "_WORKERS", 0)
    with pytest.raises(SimulationError, match="start some first: dask worker tcp://here:1"):
        module._refuse_without_workers(Client({}), "tcp://here:1")


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of `dask scheduler`."""
    folder = tmp_path_factory.mktemp("dask")
    where = folder / "scheduler.json"
    options = ("--port", "0", "--no-dashboard", "--host", "127.0.0.1")
    with started(folder, "scheduler", *options, "--scheduler-file", str(where)):
        while not where.exists():
            time.sleep(0.1)
        yield json.loads(where.read_text())["address"]


class started:
    """A command of Dask as long as the `with` block lasts."""

    def __init__(self, folder: Path, *arguments: str):
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
        command = [sys.executable, "-m", "dask", *arguments]
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, stderr=subprocess.DEVNULL
        )

    def __enter__(self) -> subprocess.Popen:
        return self.process

    def __exit__(self, *reason: object) -> None:
        self.process.kill()
        self.process.wait()


def worker(folder: Path, address: str) -> started:
    options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
    return started(folder, "worker", address, *options)


@pytest.mark.slow
def test_scheduler_and_workers_give_the_array_of_this_machine(scheduler, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_WORKERS", 60)
    sweep = load_sweep(written(tmp_path))
    with (
        worker(tmp_path, scheduler) as victim,
        worker(tmp_path, scheduler),
        cluster(scheduler) as executor,
        ThreadPoolExecutor(1) as killer,
    ):
        while len(executor._client.nthreads()) < 2:
            time.sleep(0.1)
        killed = killer.submit(kill_when, tmp_path / "dask" / "runs", victim)
        result = run_sweep(sweep, tmp_path / "dask", executor=executor)
        assert killed.result()
    here = run_sweep(sweep, tmp_path / "here", workers=1)
    assert (result["error"] == "").all() and identical(result, here)


def kill_when(runs: Path, *victims: subprocess.Popen) -> bool:
    """Kill processes as soon as the first run has ended."""
    while not ended(runs):
        time.sleep(0.01)
    for victim in victims:
        victim.send_signal(signal.SIGKILL)
    return True


@pytest.mark.slow
def test_a_sweep_whose_workers_have_all_gone_goes_on_later(scheduler, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_WORKERS", 60)
    monkeypatch.setattr(module, "_WITHOUT_WORKERS", 1)
    sweep = load_sweep(written(tmp_path))
    with worker(tmp_path, scheduler) as victim, ThreadPoolExecutor(1) as killer:
        killed = killer.submit(kill_when, tmp_path / "out" / "runs", victim)
        with pytest.raises(SimulationError, match="lost all its workers"):  # noqa: SIM117
            with cluster(scheduler) as executor:
                run_sweep(sweep, tmp_path / "out", executor=executor)
        assert killed.result()
    kept = {path: path.stat().st_mtime_ns for path in ended(tmp_path / "out" / "runs")}
    assert 0 < len(kept) < 12
    with worker(tmp_path, scheduler), cluster(scheduler) as executor:
        result = run_sweep(sweep, tmp_path / "out", executor=executor)
    assert (result["error"] == "").all()
    assert all(path.stat().st_mtime_ns == then for path, then in kept.items())
