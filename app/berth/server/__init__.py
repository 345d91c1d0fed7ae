"""What Berth adds to the servers that run the application: gunicorn and Flask's development server."""
