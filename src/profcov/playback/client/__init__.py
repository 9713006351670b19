"""HTTP: addresses, calls, the session that sends them, and what is read from answers."""
