"""Middleware for WSGI and ASGI applications, and thin skins for frameworks."""
