"""All rows, family by family: each file here lists its own as `ROWS`."""

from __future__ import annotations

import importlib
import pkgutil

from row import Row


def all_rows() -> list[Row]:
    families = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return [row for family in families for row in importlib.import_module(f"rows.{family}").ROWS]
