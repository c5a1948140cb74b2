"""Processes that share the work of protection end with the build that started them."""

import os
import subprocess
import sys
import time

import psutil
import pytest

from sendlab.disclosure.processes import share_out
from sendlab.errors import WorkspaceProblem

PROGRAM = """
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from sendlab.disclosure.processes import end_with_parent

if __name__ == "__main__":
    with ProcessPoolExecutor(2, mp_context=get_context("spawn"), initializer=end_with_parent) as pool:
        under_way = [pool.submit(time.sleep, 120) for _ in range(2)]
        print("under way", flush=True)
        time.sleep(120)
"""


def workers_of(run):
    return [
        each for each in psutil.Process(run.pid).children(recursive=True) if "spawn_main" in " ".join(each.cmdline())
    ]


def test_a_killed_build_leaves_nobody_at_work(tmp_path):
    script = tmp_path / "build.py"
    script.write_text(PROGRAM)
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout.readline() == "under way\n"
        end = time.monotonic() + 60
        while len(workers := workers_of(run)) < 2 or not all(each.num_threads() > 1 for each in workers):
            assert time.monotonic() < end and run.poll() is None
            time.sleep(0.05)
        run.kill()
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert [each for each in alive if each.status() != psutil.STATUS_ZOMBIE] == []


def test_a_process_that_is_ended_from_outside_is_told_of_without_a_traceback():
    with pytest.raises(WorkspaceProblem, match="ended from outside"):
        share_out(os._exit, [(1,), (1,)], [1, 1], 2)


def test_outcomes_come_in_the_order_of_the_tasks():
    assert share_out(divmod, [(7, 2), (9, 4), (5, 3)], [1, 3, 2], 2) == [(3, 1), (2, 1), (1, 2)]
