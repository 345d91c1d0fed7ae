"""Values that the template itself knows: pseudo parameters of CloudFormation, and resources of the template.

A stage's `deployed` names them `AWS::Region` and `Berth::EventQueue` or `Berth::EventQueue.Arn`.
"""

import re
from collections.abc import Mapping
from typing import Any

from berth.errors import Place
from berth.model.manifest import SecretManifest
from berth.tools.deploy.template import intrinsics as cfn

_PSEUDO, _OWN = "AWS::", "Berth::"
_PSEUDO_NAMES = ("AccountId", "NotificationARNs", "Partition", "Region", "StackId", "StackName", "URLSuffix")
# The resources that a task may be told of, because none of them depends on a task, and their attributes.
_OWN_NAMES = {
    "Cluster": ("Arn",),
    "DeadLetterQueue": ("Arn", "QueueName", "QueueUrl"),
    "EventQueue": ("Arn", "QueueName", "QueueUrl"),
    "HttpApi": ("ApiEndpoint", "ApiId"),
    "InvocationTable": ("Arn",),
    "LoadBalancer": ("DNSName", "LoadBalancerName"),
    "LogGroup": ("Arn",),
    "Repository": ("Arn", "RepositoryUri"),
    "RestApi": ("RestApiId", "RootResourceId"),
}
# In a text of `Fn::Sub`; a variable of IAM, which is no reference, has an exclamation mark there.
_RESOURCE = re.compile(r"\$\{([A-Za-z0-9]+)(?:\.[A-Za-z0-9]+)?\}")
_PLACEHOLDER = re.compile(r"\$\{deployed\.([^{}]+)\}")

Deployed = Mapping[str, str | SecretManifest]


def is_of_template(name: str) -> bool:
    """Whether a name of `deployed` is one that the template itself has a value for."""
    return name.startswith((_PSEUDO, _OWN))


def template_reference(name: str) -> str | None:
    """A name as `Fn::Sub` writes it, such as `AWS::Region` or `EventQueue.Arn`; None if it has no value."""
    if name.startswith(_PSEUDO):
        return name if name.removeprefix(_PSEUDO) in _PSEUDO_NAMES else None
    written = name.removeprefix(_OWN)
    resource, dot, attribute = written.partition(".")
    if resource not in _OWN_NAMES or (dot and attribute not in _OWN_NAMES[resource]):
        return None
    return written


def deployed_names(text: str) -> list[str]:
    """The names of `deployed` that a text refers to."""
    return _PLACEHOLDER.findall(text)


def resource_of(reference: str) -> str | None:
    """The logical id of the resource in a reference; None for a pseudo parameter."""
    return None if reference.startswith(_PSEUDO) else reference.partition(".")[0]


def named_resources(node: Any) -> set[str]:
    """The logical ids of the resources that an expanded document refers to."""
    if isinstance(node, Mapping):
        text = node.get("Fn::Sub")
        return set(_RESOURCE.findall(text)) if isinstance(text, str) else named_resources([*node.values()])
    return set().union(*map(named_resources, node)) if isinstance(node, list | tuple) else set()


def reference_value(reference: str) -> cfn.Resource:
    """A reference as an intrinsic function of its own."""
    name, dot, attribute = reference.partition(".")
    return cfn.attribute(name, attribute) if dot else cfn.ref(name)


def expand(node: Any, deployed: Deployed, place: Place) -> Any:
    """A document whose placeholders `${deployed.NAME}` are replaced, some by references of CloudFormation.

    A name without a value, and one whose value is a secret, is reported.
    """
    if isinstance(node, Mapping):
        return {key: expand(value, deployed, place.at(key)) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [expand(value, deployed, place) for value in node]
    return _expand_text(node, deployed, place) if isinstance(node, str) else node


def _expand_text(text: str, deployed: Deployed, place: Place) -> Any:
    parts = _PLACEHOLDER.split(text)  # texts and names in turn
    if len(parts) == 1:
        return text
    made, has_reference = "", False
    for index, part in enumerate(parts):
        if index % 2 == 0:
            made += part.replace("${", "${!")  # variables of IAM, such as ${aws:username}
            continue
        value = deployed.get(part)
        reference = template_reference(part) if is_of_template(part) and not isinstance(value, str) else None
        has_reference |= reference is not None
        made += _written(part, value, reference, place)
    return cfn.sub(made) if has_reference else made.replace("${!", "${")


def _written(name: str, value: str | SecretManifest | None, reference: str | None, place: Place) -> str:
    if reference is not None:
        return f"${{{reference}}}"
    if isinstance(value, str):
        return value.replace("${", "${!")
    wrong = "has no value" if value is None else "is known to the task alone: write the value itself"
    place.add("", f"${{deployed.{name}}} {wrong}")
    return ""
