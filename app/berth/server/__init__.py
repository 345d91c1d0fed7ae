"""The servers that serve the application: gunicorn and Flask's development server."""
