"""The model: a watershed from a grid of elevations, and the soil that it loses."""
