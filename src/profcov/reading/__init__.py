"""The reading half: from artifacts to symbols, matrix, gaps and reports."""
