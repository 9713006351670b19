"""What observes execution: the monitoring and ctrace engines."""
