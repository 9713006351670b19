"""Shards, artifacts and the lock between them: what is on disk.

The way of a line: shard, gathered, merged, artifact.
"""
