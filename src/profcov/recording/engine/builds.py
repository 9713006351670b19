"""What kind of build this Python is."""

from __future__ import annotations

import functools
import sysconfig


@functools.cache
def is_free_threaded() -> bool:
    """Return whether this build can run without the GIL.

    Not ``sys._is_gil_enabled()``: it changes while the process runs, and is briefly true while any thread imports an extension.
    """
    return bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
