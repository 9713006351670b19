"""What is not shown: the names of secrets, and texts, URLs and messages without their values."""
