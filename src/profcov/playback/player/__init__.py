"""Playing profiles: their steps, what is waited for, and the data around each play."""
