"""The dashboard: one HTML file that holds the matrix, and everything that is needed to look at it."""
