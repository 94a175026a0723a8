"""relorch: the release operator's workbook.

`open_workbook` opens one database with every use case on it; `relorch.errors` is all it refuses with.
"""

from __future__ import annotations

from relorch.workbook import Workbook, open_workbook

__all__ = ["Workbook", "__version__", "open_workbook"]
__version__ = "0.1.0"
