"""The dashboard: one HTML file with the matrix, and everything that is needed to browse it."""
