"""Powertools' routes behind its own local resolver, for an ASGI server."""

from aws_lambda_powertools.event_handler import HttpResolverLocal
from powertools_routes import routes

app = HttpResolverLocal()
app.include_router(routes)
