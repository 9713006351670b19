"""The static inventory of modules, classes and functions."""
