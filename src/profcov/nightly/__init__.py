"""Nightly replays: where each is kept, for how long, and its summary."""
