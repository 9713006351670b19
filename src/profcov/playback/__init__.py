"""Replay profiles against a live server."""
