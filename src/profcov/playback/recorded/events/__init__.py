"""Capture directories: events, one JSON object a line."""
