"""The YAML format of profiles: read, written, and as a schema."""
