"""What the bench runs on, as far as it matters for the figures and names nobody's machine."""

import os
import platform
from importlib.metadata import version

from bench.results import Machine

LIBRARIES = ("numpy", "scipy", "ortools")


def machine() -> Machine:
    """The cores and architecture, and the versions of Python and of the libraries that compute."""
    versions = {"Python": platform.python_version()} | {library: version(library) for library in LIBRARIES}
    return Machine(os.cpu_count() or 1, platform.machine(), versions)
