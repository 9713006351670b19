"""The recording half: what runs in servers and workers. Standard library and coverage.py only."""
