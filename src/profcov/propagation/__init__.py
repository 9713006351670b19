"""How a slug follows work that a unit hands to threads and tasks."""
