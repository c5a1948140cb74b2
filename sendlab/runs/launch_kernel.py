"""Started as a process by `kernel.py`: an IPython kernel without the heavy import. Imported by nothing."""

from sendlab.runs.kernel import skip_heavy_imports

if __name__ == "__main__":
    skip_heavy_imports()
    from sendlab.runs.ordered_kernel import OrderedKernel

    OrderedKernel.launch_instance()
