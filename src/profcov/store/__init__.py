"""Shards, artifacts and the lock between them: what is on disk."""
