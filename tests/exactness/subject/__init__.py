"""What is measured by the exactness suite: code whose lines depend on who runs it."""
