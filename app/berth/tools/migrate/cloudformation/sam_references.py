"""What authors of SAM templates call the resources that the translator makes: `!Ref Orders.Alias`.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources.html
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from berth.tools.migrate.cloudformation.template import Template
from berth.tools.migrate.cloudformation.tracing import leaves

_TYPES = {
    "Alias": ("AWS::Lambda::Alias",),
    "Version": ("AWS::Lambda::Version",),
    "DestinationQueue": ("AWS::SQS::Queue",),
    "DestinationTopic": ("AWS::SNS::Topic",),
    "Stage": ("AWS::ApiGateway::Stage", "AWS::ApiGatewayV2::Stage"),
    "Deployment": ("AWS::ApiGateway::Deployment",),
}
_REFERENCE = re.compile(rf"(?:^|\$\{{)([A-Za-z0-9]+)\.({'|'.join(_TYPES)})(?=$|[.}}])")


def references(template: Template, made: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each translated resource that the author refers to, with the author's own reference."""
    for owner, part in sorted(_referred(template)):
        names = [
            name
            for name, entry in made.items()
            if name.startswith(owner) and entry["Type"] in _TYPES[part] and name not in template.resources
        ]
        if len(names) == 1:
            yield names[0], f"{owner}.{part}"


def _referred(template: Template) -> set[tuple[str, str]]:
    """The parts of resources that a template refers to: `Orders`, `Alias`."""
    texts = (each for _, each in leaves(dict(template.body)) if isinstance(each, str) and "." in each)
    return {(found[1], found[2]) for text in texts for found in _REFERENCE.finditer(text)}
