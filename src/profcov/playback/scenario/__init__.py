"""What a profile is, whatever file it came from."""
