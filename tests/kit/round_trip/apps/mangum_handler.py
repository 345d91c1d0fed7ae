"""The Starlette app in Mangum."""

from mangum import Mangum
from starlette_app import app

handler = Mangum(app)
