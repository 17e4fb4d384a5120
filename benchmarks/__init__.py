"""Measurements: they print tables, and no test depends on their timings."""
