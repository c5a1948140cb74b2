"""An event loop for the cells of one notebook: it runs while a cell does, and goes on with the next."""

import asyncio
import contextvars
from collections.abc import Coroutine
from types import TracebackType
from typing import Any

_LAST_SECONDS = 1.0  # in which what was left running may hear that it is cancelled


class CellLoop:
    """To be used in a `with` block; all cells share one context, so that `numpy.seterr`, say, lasts."""

    def __enter__(self) -> "CellLoop":
        self._loop, self._context = asyncio.new_event_loop(), contextvars.copy_context()
        self._around = asyncio._get_running_loop()  # this may be a cell of a notebook too
        return self

    def run(self, cell: Coroutine[Any, Any, Any]) -> Any:
        """Run a cell to its end."""
        asyncio._set_running_loop(None)
        asyncio.set_event_loop(self._loop)
        try:
            return self._loop.run_until_complete(self._loop.create_task(cell, context=self._context))
        finally:
            asyncio.set_event_loop(self._around)
            asyncio._set_running_loop(self._around)

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if left := asyncio.all_tasks(self._loop):
            for task in left:
                task.cancel()
            self.run(_ended(left))
        self._loop.close()


async def _ended(tasks: set[asyncio.Task[Any]]) -> None:
    await asyncio.wait(tasks, timeout=_LAST_SECONDS)
