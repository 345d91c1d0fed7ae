"""The event shape of each kind of API."""

from collections.abc import Mapping

from berth.model import api_kind
from berth.payload import alb, function_url, http_v1, http_v2, rest
from berth.payload.shape import Shape, checked

SHAPES: Mapping[api_kind.ApiKind, Shape] = {
    api_kind.REST: rest.SHAPE,
    api_kind.HTTP_1: http_v1.SHAPE,
    api_kind.HTTP_2: http_v2.SHAPE,
    api_kind.ALB: alb.SHAPE,
    api_kind.URL: function_url.SHAPE,
}
CHECKED_SHAPES: Mapping[api_kind.ApiKind, Shape] = {kind: checked(shape) for kind, shape in SHAPES.items()}
