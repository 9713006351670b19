"""The code that the benchmark measures: everything in this package is in the coverage source."""
