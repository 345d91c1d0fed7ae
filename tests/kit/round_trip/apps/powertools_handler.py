"""Powertools' routes behind the resolver that the function's manifest names."""

import os
from functools import partial

from aws_lambda_powertools.event_handler import (
    ALBResolver,
    APIGatewayHttpResolver,
    APIGatewayRestResolver,
    LambdaFunctionUrlResolver,
)
from powertools_routes import routes

RESOLVERS = {
    "rest": APIGatewayRestResolver,
    "http-1.0": APIGatewayRestResolver,
    "http-2.0": APIGatewayHttpResolver,
    "alb": partial(ALBResolver, decode_query_parameters=True),
    "alb-multi": partial(ALBResolver, decode_query_parameters=True),
    "url": LambdaFunctionUrlResolver,
}

app = RESOLVERS[os.environ["SHAPE"]]()
app.include_router(routes)
handler = app.resolve
