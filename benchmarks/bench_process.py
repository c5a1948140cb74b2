"""What benches share: a job in a process of its own, with its wall and CPU seconds and the most memory it held."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

Figures = dict[str, float]


def stopwatch() -> Callable[[], Figures]:
    """Starts now; called, it says what has gone by in this process and the peak of its memory, imports included."""
    wall, cpu = time.perf_counter(), time.process_time()

    def stop() -> Figures:
        return {"seconds": round(time.perf_counter() - wall, 2), "cpu_seconds": round(time.process_time() - cpu, 2),
                "peak_mb": _own_peak_mb()}  # fmt: skip

    return stop


def _own_peak_mb() -> int:
    """Most memory of this program alone: on Linux `peak_mb` begins with what the process that started it held."""
    status = Path("/proc/self/status")
    if not status.exists():
        from bench_sessions import peak_mb  # which brings pyarrow, and 30 MB

        return peak_mb()
    (line,) = (line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) >> 10


def in_a_process(script: str, *words: str, limit: float | None = None) -> Figures | None:
    """What `script --measure WORDS` printed as JSON in a fresh process; None where it took longer than `limit` seconds.

    The bench ends with the process's own words where it fails.
    """
    command = [sys.executable, script, "--measure", *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode:
        sys.exit(done.stderr)
    found: Figures = json.loads(done.stdout)
    return found
