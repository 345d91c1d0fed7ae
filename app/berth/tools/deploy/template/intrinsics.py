"""CloudFormation's intrinsic functions, and the shapes that many resources share."""

from collections.abc import Mapping
from typing import Any

Resource = dict[str, Any]
Resources = dict[str, Resource]

NO_VALUE = {"Ref": "AWS::NoValue"}
# The condition of everything that runs or watches tasks: an image has been pushed.
HAS_IMAGE = "HasImage"
# The condition of an alarm's action: somebody wants to be told.
HAS_TOPIC = "HasAlarmTopic"


def ref(name: str) -> Resource:
    """The value that CloudFormation calls a resource's or a parameter's own."""
    return {"Ref": name}


def attribute(name: str, attribute: str) -> Resource:
    """Another value of a resource."""
    return {"Fn::GetAtt": [name, attribute]}


def sub(text: str) -> Any:
    """A text in which `${Name}` and `${Name.Attribute}` are replaced, if there is one."""
    return {"Fn::Sub": text} if "${" in text else text


def when(condition: str, value: Any, otherwise: Any = NO_VALUE) -> Resource:
    """One value where a condition is true, and another one where it is not."""
    return {"Fn::If": [condition, value, otherwise]}


def resource(kind: str, properties: Mapping[str, Any], **attributes: Any) -> Resource:
    """One resource; properties without a value are left out, and attributes go before them."""
    known = {name: value for name, value in properties.items() if value is not None}
    return {"Type": f"AWS::{kind}", **attributes, "Properties": known}


def kept(kind: str, properties: Mapping[str, Any]) -> Resource:
    """A resource that outlives its stack."""
    return resource(kind, properties, DeletionPolicy="Retain", UpdateReplacePolicy="Retain")


def removed(kind: str, properties: Mapping[str, Any]) -> Resource:
    """A resource with data that goes with its stack."""
    return resource(kind, properties, DeletionPolicy="Delete", UpdateReplacePolicy="Delete")


def allow(actions: Any, resources: Any, **more: Any) -> Resource:
    """One statement of a policy."""
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def policy(*statements: Any) -> Resource:
    """A policy of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def pairs(values: Mapping[str, Any], key: str = "Key") -> list[Resource]:
    """A list of objects with a name and a value, as attributes, tags and variables are written."""
    return [{key: name, "Value": value} for name, value in values.items()]
