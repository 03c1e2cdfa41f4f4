"""Measuring: each script prints one table (README.md tells which and how)."""
