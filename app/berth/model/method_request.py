"""The method request of a REST API: what a request must bring before the function is invoked."""

from collections.abc import Mapping
from dataclasses import field

from berth.model.value_class import value_class

DEFAULT_MODEL = "$default"  # stands for every media type without a model of its own


@value_class
class MethodRequest:
    """An API key, parameters and models, in API Gateway's own forms.

    `required_parameters` are like `method.request.querystring.page`; `models` are the texts of JSON
    Schemas by media type.
    """

    api_key_required: bool = False
    required_parameters: tuple[str, ...] = ()
    models: Mapping[str, str] = field(default_factory=dict)


NO_METHOD_REQUEST = MethodRequest()
