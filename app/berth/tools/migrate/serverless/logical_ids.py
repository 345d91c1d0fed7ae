"""The logical ids that Serverless gives the resources of a service."""

import re


def logical_name(name: str) -> str:
    """A name as Serverless makes it part of logical ids: `my-job` is MyDashjob."""
    return _capitalized(name.replace("-", "Dash").replace("_", "Underscore"))


def alphanumeric_name(name: str) -> str:
    """A name without what logical ids cannot have: `my.shop` is Myshop."""
    return _capitalized(re.sub("[^0-9A-Za-z]", "", name))


def function_logical_id(name: str) -> str:
    """The logical id of a function by its key."""
    return f"{logical_name(name)}LambdaFunction"


def resource_logical_id(path: str) -> str:
    """The logical id of a path of the REST API: `users/{id}` is ApiGatewayResourceUsersIdVar."""
    return f"ApiGatewayResource{_path_name(path)}"


def method_logical_id(path: str, method: str) -> str:
    """The logical id of a method of the REST API: `get` of `users` is ApiGatewayMethodUsersGet."""
    return f"ApiGatewayMethod{_path_name(path)}{method.lower().capitalize()}"


def _path_name(path: str) -> str:
    return "".join(map(_part_name, path.split("/")))


def _part_name(part: str) -> str:
    dashed = part.capitalize().replace("-", "Dash")
    return alphanumeric_name(re.sub(r"\{(.*)\}", r"\1Var", dashed))


def _capitalized(name: str) -> str:
    return name[:1].upper() + name[1:]
