"""Job queues: how a slug travels with a job and is measured in the worker."""
