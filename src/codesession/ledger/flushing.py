"""How does what was written survive a power cut? The file is flushed to the disk, and so is the directory it is in."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def flush(file: Path) -> None:
    """Bring what was written to `file` down to the disk."""
    descriptor = os.open(file, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_directory(file: Path) -> None:
    """Bring the names beside `file` down to the disk."""
    if sys.platform == "win32":  # it cannot open directories
        return
    descriptor = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
