"""The Flask app in serverless-wsgi."""

from functools import partial

import serverless_wsgi
from flask_app import app

handler = partial(serverless_wsgi.handle_request, app)
