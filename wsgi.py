"""The application that `flask run` and `gunicorn wsgi:app` serve."""

from berth import create_app

app = create_app()
