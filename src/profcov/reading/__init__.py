"""The reading half: from artifacts to symbols, matrix, gaps and reports.

The way of a line: artifact, matrix, gaps, report.
"""
