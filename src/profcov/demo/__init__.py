"""A small real application, watershed modelling, and its profiles."""
