"""The kernel of our runs: this very Python, started without a grammar package that costs 1.5 CPU seconds.

`jsonschema` imports `rfc3987_syntax` for two formats that notebooks never use, and goes without it where it is absent.
"""

import sys

_HEAVY = "rfc3987_syntax"


def skip_heavy_imports() -> None:
    """Make the grammar package count as not installed in this process, unless it is loaded already."""
    sys.modules.setdefault(_HEAVY, None)  # type: ignore[arg-type]


def kernel_manager() -> type:
    """A kernel manager class that starts this interpreter, whatever kernels the machine lists under 'python3'."""
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    class ThisPython(AsyncKernelManager):
        """Starts `sendlab.runs.kernel` under sys.executable."""

        @property
        def kernel_spec(self) -> KernelSpec:
            # -P: a file of the workspace named like a module must not shadow it while the kernel starts.
            argv = [sys.executable, "-P", "-m", __name__, "-f", "{connection_file}"]
            return KernelSpec(argv=argv, display_name="Python 3", language="python")

    return ThisPython


if __name__ == "__main__":
    skip_heavy_imports()
    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance()
