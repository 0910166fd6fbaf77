"""The kernels of a run: this interpreter, encrypted transport, one thread each, and none left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import sysconfig
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

KERNEL_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}

LOG = "kernel.log"

_guard = threading.Lock()
_kernels: dict[str, set[Any]] = {}
_stopped: set[str] = set()


def kernel_manager(run: str, *, folder: str, scratch: Path, packages: tuple[str, ...]) -> type:
    """Return the class of kernel managers for one notebook.

    Parameters
    ----------
    run : str
        Id of the run, for `stop_kernels`.
    folder : str
        Working folder of the kernel. It is set here, not through papermill, which would change the folder of
        the whole process and so that of other threads.
    scratch : pathlib.Path
        Folder for the kernel's own files.
    packages : tuple of str
        Folders of packages that the kernel must import from there and not from elsewhere.

    Notes
    -----
    No kernel specification needs to be installed: the kernel is the interpreter that runs this.
    """
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

    class ThisInterpreter(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            return KernelSpec(
                argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
                display_name=kernel_name,
                language="python",
                metadata={"supported_encryption": ["curve"]},
                resource_dir=str(scratch),
            )

    class Manager(AsyncKernelManager):
        def __init__(self, **options: Any) -> None:
            super().__init__(
                transport_encryption="required",
                connection_file=str(scratch / "connection.json"),
                kernel_spec_manager=ThisInterpreter(),
                **options,
            )

        async def _async_launch_kernel(self, kernel_cmd: list[str], **options: Any) -> None:
            if run in _stopped:
                raise RuntimeError("the run was stopped")
            with (scratch / LOG).open("ab") as log:
                await super()._async_launch_kernel(kernel_cmd, **{**options, "stdout": log, "stderr": log})
            process: int = self.provisioner.pid  # type: ignore[union-attr]
            with _guard:
                _kernels.setdefault(run, set()).add((str(scratch), process))
            if run in _stopped:
                _kill(process)

        async def _async_pre_start_kernel(self, **options: Any) -> Any:
            options |= {"cwd": folder, "env": _environment(packages, scratch)}
            return await super()._async_pre_start_kernel(**options)

    return Manager


def _environment(packages: tuple[str, ...], scratch: Path) -> dict[str, str]:
    """Return the environment of a kernel: one thread, fixed hashing, nobody's own IPython settings."""
    installed = {os.path.realpath(sysconfig.get_path(kind)) for kind in ("purelib", "platlib")}
    parents = dict.fromkeys(os.path.dirname(os.path.realpath(folder)) for folder in packages)
    paths = [folder for folder in parents if folder not in installed]
    known = os.environ.get("PYTHONPATH")
    environment = {**os.environ, **KERNEL_ENVIRONMENT, "IPYTHONDIR": str(scratch / "ipython")}
    environment["PYTHONPATH"] = os.pathsep.join([*paths, *([known] if known else [])])
    return environment


def stop_kernels(run: str) -> None:
    """End all kernels of a run in this process and let it start no more; its jobs fail soon after."""
    with _guard:
        _stopped.add(run)
        processes = [process for _, process in _kernels.get(run, ())]
    for process in processes:
        _kill(process)


def is_stopped(run: str) -> bool:
    """Say whether the run was told to stop."""
    return run in _stopped


def forget_run(run: str) -> None:
    """Drop what is remembered about a run that has ended."""
    with _guard:
        _stopped.discard(run)
        _kernels.pop(run, None)


@contextlib.contextmanager
def own_event_loop() -> Iterator[None]:
    """Give this thread an event loop for a kernel and close it; jupyter_core would leave its own one open."""
    import asyncio

    from jupyter_core.utils import ensure_event_loop

    loop = ensure_event_loop(prefer_selector_loop=True)
    try:
        yield
    finally:
        if not loop.is_running():
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_asyncgens())
            asyncio.set_event_loop(None)
            loop.close()


def end_kernels(run: str, scratch: Path) -> None:
    """Make sure that nothing a job started is left: the kernel, and processes the notebook started."""
    with _guard:
        own = {entry for entry in _kernels.get(run, set()) if entry[0] == str(scratch)}
        _kernels.get(run, set()).difference_update(own)
    for _, process in own:
        _kill(process)


def _kill(process: int) -> None:
    """Kill a kernel with all that it started; a kernel leads a process group of its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError, OSError):
        if sys.platform == "win32":
            os.kill(process, signal.SIGTERM)
        else:
            os.killpg(process, signal.SIGKILL)
