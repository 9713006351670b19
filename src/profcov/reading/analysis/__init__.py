"""Pure functions over the inventory and the artifacts."""
