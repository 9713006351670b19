"""Recorded traffic: read into exchanges, cleaned, correlated, and made into a profile."""
