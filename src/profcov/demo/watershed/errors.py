"""What the model says about input that it cannot use."""

from __future__ import annotations


class ModelError(ValueError):
    """Raised when input cannot be modelled: the message says what is wrong, where, and what is expected."""
