"""The event shape of each kind of API."""

from collections.abc import Mapping

from berth.model.api_kind import ALB, HTTP_1, HTTP_2, REST, URL, ApiKind
from berth.payload import alb, function_url, http_v1, http_v2, rest
from berth.payload.shape import Shape, checked

SHAPES: Mapping[ApiKind, Shape] = {
    REST: rest.SHAPE,
    HTTP_1: http_v1.SHAPE,
    HTTP_2: http_v2.SHAPE,
    ALB: alb.SHAPE,
    URL: function_url.SHAPE,
}
CHECKED_SHAPES: Mapping[ApiKind, Shape] = {kind: checked(shape) for kind, shape in SHAPES.items()}
