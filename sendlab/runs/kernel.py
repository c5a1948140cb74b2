"""The kernel of our runs: this very Python, started without a grammar package that costs 1.5 CPU seconds.

`jsonschema` imports `rfc3987_syntax` for two formats that notebooks never use, and goes without it where it is absent.
"""

import sys

_HEAVY = "rfc3987_syntax"
_LAUNCHER = "sendlab.runs.launch_kernel"
# The kernel would warn at every start that it talks over this machine's own network interface, and at the end that it
# was interrupted; what goes wrong in a cell stands in the notebook.
_CRITICAL_ONLY = "--IPKernelApp.log_level=50"


def skip_heavy_imports() -> None:
    """Make the grammar package count as not installed in this process, unless it is loaded already."""
    sys.modules.setdefault(_HEAVY, None)  # type: ignore[arg-type]


def kernel_manager() -> type:
    """A kernel manager class that starts this interpreter, whatever kernels the machine lists under 'python3'."""
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    class ThisPython(AsyncKernelManager):
        """Starts the launcher beside this module under sys.executable."""

        @property
        def kernel_spec(self) -> KernelSpec:
            # -P: a file of the workspace named like a module must not shadow it while the kernel starts.
            argv = [sys.executable, "-P", "-m", _LAUNCHER, "-f", "{connection_file}", _CRITICAL_ONLY]
            return KernelSpec(argv=argv, display_name="Python 3", language="python")

    return ThisPython
