"""HAR, as browsers, Playwright and proxies write it."""
