"""What SAM's own keys become, where no resource of CloudFormation shows it."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from berth.tools.migrate.cloudformation.sam_api_origins import APIS, SamKeys
from berth.tools.migrate.cloudformation.sam_origins import SamOrigins
from berth.tools.migrate.cloudformation.template import Template
from berth.tools.migrate.model.findings import Class, Finding, Findings, Path
from berth.tools.migrate.source.documents import mapping_at

_FUNCTION = "AWS::Serverless::Function"
_ONE_VERSION = (Class.NOT_CARRIED, "Berth serves one version of each function")
_TASK_ROLE = (Class.ELSEWHERE, "belongs to the role: give it to the task role of ECS")
_TAGS = (Class.ELSEWHERE, "tags of resources on AWS; the task and the service have their own")
_AWS_ONLY = (Class.ELSEWHERE, "stays on AWS: it is about how API Gateway is deployed")
_FUNCTION_KEYS = {
    "AutoPublishAlias": _ONE_VERSION,
    "AutoPublishAliasAllProperties": _ONE_VERSION,
    "AutoPublishCodeSha256": _ONE_VERSION,
    "VersionDescription": _ONE_VERSION,
    "VersionDeletionPolicy": _ONE_VERSION,
    "PublishToLatestPublished": _ONE_VERSION,
    "DeploymentPreference": (
        Class.NOT_CARRIED,
        "traffic moves to a new version with the deployments of the ECS service",
    ),
    "PermissionsBoundary": _TASK_ROLE,
    "RolePath": _TASK_ROLE,
    "AssumeRolePolicyDocument": _TASK_ROLE,
    "PropagateTags": _TAGS,
    "FunctionScalingConfig": (Class.ELSEWHERE, "the ECS service scales, and with it the functions"),
    "SourceKMSKeyArn": (Class.ELSEWHERE, "the code is in the container image, which ECR encrypts"),
}
_API_KEYS = {
    "Domain": (
        Class.ELSEWHERE,
        "the domain and its base path stay on AWS: they may lead to the load balancer",
    ),
    "PropagateTags": _TAGS,
    "AlwaysDeploy": _AWS_ONLY,
    "DisableExecuteApiEndpoint": _AWS_ONLY,
    "Description": (Class.LEFT_OUT, "for people"),
    "FailOnWarnings": _AWS_ONLY,
    "OpenApiVersion": (Class.LEFT_OUT, "the form of the document that SAM makes; routes do not depend on it"),
    "MergeDefinitions": (Class.CARRIED, "the methods of the document and those of events are read together"),
}
_AUTH_KEYS = {
    "DefaultAuthorizer": (Class.CARRIED, "the authorizer of each route whose event names none"),
    "AddDefaultAuthorizerToCorsPreflight": (
        Class.LEFT_OUT,
        "Berth answers preflight requests itself and asks no authorizer for them",
    ),
    "AddApiKeyRequiredToCorsPreflight": (
        Class.LEFT_OUT,
        "Berth answers preflight requests itself and asks for no API key",
    ),
    "EnableIamAuthorizer": (Class.CARRIED, "routes may ask for AWS_IAM"),
    "InvokeRole": (Class.ELSEWHERE, "the role with which API Gateway invokes functions"),
}
_LAYER_KEYS = {
    "RetentionPolicy": (Class.ELSEWHERE, "old versions of the layer stay on AWS"),
    "PublishLambdaVersion": _ONE_VERSION,
}
_KEYS = {
    _FUNCTION: _FUNCTION_KEYS,
    "AWS::Serverless::Api": _API_KEYS,
    "AWS::Serverless::HttpApi": _API_KEYS,
    "AWS::Serverless::LayerVersion": _LAYER_KEYS,
}
_BUILT = (Class.CARRIED, "says how `sam build` makes the code")
_METADATA_KEYS = {
    "BuildMethod": _BUILT,
    "BuildProperties": _BUILT,
    "BuildArchitecture": (Class.ELSEWHERE, "the task's cpuArchitecture; doctor looks at compiled packages"),
    "SkipBuild": (Class.CARRIED, "the code is taken as it is"),
    "DockerContext": (Class.CARRIED, "says where the Dockerfile is"),
    "Dockerfile": (Class.CARRIED, "says where the Dockerfile is"),
}
# Types that are not translated, since Berth serves nothing of them.
_WHOLE = {
    "AWS::Serverless::WebSocketApi": (
        Class.NOT_CARRIED,
        "WebSocket APIs are not served: their routes stay on API Gateway",
    ),
    "AWS::Serverless::WebFunction": (
        Class.NOT_CARRIED,
        "a web function is a server of its own, without a handler: run it as a container beside Berth",
    ),
    "AWS::Serverless::GraphQLApi": (Class.NOT_CARRIED, "AppSync stays on AWS and invokes functions there"),
    "AWS::Serverless::Connector": (
        Class.ELSEWHERE,
        "gives permissions on AWS: add those of its Source to the task role",
    ),
    "AWS::Serverless::CapacityProvider": (Class.ELSEWHERE, "the capacity is the ECS service's"),
    "AWS::Serverless::NetworkConnector": (Class.ELSEWHERE, "the network is the ECS service's"),
    "AWS::Serverless::MicrovmImage": (Class.NOT_CARRIED, "images of micro virtual machines are not served"),
    "AWS::Serverless::SimpleTable": (Class.ELSEWHERE, "a table stays on AWS"),
}
_API_EVENTS = {"Api": "REST API", "HttpApi": "HTTP API"}


def note_sam_keys(template: Template, origins: SamOrigins, findings: Findings) -> None:
    """Note each key of SAM that no translated resource shows; `origins` has been computed."""
    resources, shared = template.section("Resources"), template.section("Globals")
    noted = (_resources(resources), _documents(origins.keys), _globals(shared, origins))
    for path, (kind, text) in chain.from_iterable(noted):
        place = template.place(*path)
        findings.add(Finding(kind, place.path, text, place.file))


_Noted = Iterator[tuple[Path, tuple[Class, str]]]


def _resources(resources: Mapping[str, Any]) -> _Noted:
    for name, entry in resources.items():
        base = ("Resources", name)
        kind, properties = str(entry.get("Type")), entry.get("Properties")
        if kind in _WHOLE:
            yield base, _WHOLE[kind]
        if "IgnoreGlobals" in entry:
            yield (*base, "IgnoreGlobals"), (Class.CARRIED, "these Globals are not taken over")
        if "Connectors" in entry:
            yield (*base, "Connectors"), (Class.ELSEWHERE, "gives permissions: add them to the task role")
        metadata = mapping_at(entry, "Metadata")
        yield from (
            ((*base, "Metadata", key), _METADATA_KEYS[key]) for key in metadata if key in _METADATA_KEYS
        )
        if isinstance(properties, dict):
            yield from _properties(kind, (*base, "Properties"), properties)


def _documents(keys: SamKeys) -> _Noted:
    """The events of APIs whose author wrote the document: SAM takes the routes from there."""
    for api in keys.named(APIS):
        written = ("DefinitionBody", "DefinitionUri", "MergeDefinitions")
        own = {
            key
            for key in written
            if keys.value(keys.taken(("Resources", api, "Properties", key))) is not None
        }
        if own and "MergeDefinitions" not in own:
            for path, _ in keys.events_at(api):
                yield path, (Class.CARRIED, f"its routes are those of the document of {api}")
    for name in keys.resources.keys() - set(keys.named(APIS)):
        for path, event in keys.events_at(name):
            if event.get("Type") in _API_EVENTS:
                text = f"only lets {name} call the function: SAM adds no route to an API that is not its own"
                yield path, (Class.LEFT_OUT, text)


def _properties(kind: str, base: Path, properties: Mapping[str, Any]) -> _Noted:
    for key, noted in _KEYS.get(kind, {}).items():
        if key in properties:
            yield (*base, key), noted
    if kind == _FUNCTION:
        yield from _without_effect(base, properties)
    auth = properties.get("Auth")
    if isinstance(auth, dict) and kind in ("AWS::Serverless::Api", "AWS::Serverless::HttpApi"):
        yield from (((*base, "Auth", key), noted) for key, noted in _AUTH_KEYS.items() if key in auth)
    if kind == "AWS::Serverless::StateMachine":
        yield from _state_machine(base, properties)


def _without_effect(base: Path, properties: Mapping[str, Any]) -> _Noted:
    if "InlineCode" in properties and "CodeUri" in properties:
        yield (*base, "CodeUri"), (Class.LEFT_OUT, "InlineCode is the code")
    if "Events" in properties and not properties["Events"]:
        yield (*base, "Events"), (Class.LEFT_OUT, "no event")


def _state_machine(base: Path, properties: Mapping[str, Any]) -> _Noted:
    """The events of a state machine: its routes start it, and no function answers them."""
    for name, event in mapping_at(properties, "Events").items():
        kind, given = mapping_at(event).get("Type"), mapping_at(event, "Properties")
        place = (*base, "Events", name)
        if kind not in _API_EVENTS:
            yield place, (Class.ELSEWHERE, "starts the state machine on AWS")
            continue
        route = f"{str(given.get('Method', 'ANY')).upper()} {given.get('Path', '$default')}"
        text = f"{route} of the {_API_EVENTS[kind]} starts a state machine: the route stays on API Gateway"
        yield place, (Class.NOT_CARRIED, text)


def _globals(sections: Mapping[str, Any], origins: SamOrigins) -> _Noted:
    types = {origins.keys.type(each) for each in origins.translated}
    for section, properties in sections.items():
        if f"AWS::Serverless::{section}" not in types:
            text = "counts for no resource: the template has none of this type"
            yield ("Globals", section), (Class.LEFT_OUT, text)
        elif isinstance(properties, dict):
            yield from _properties(f"AWS::Serverless::{section}", ("Globals", section), properties)
    for path in origins.unused_globals():
        if path[:2] == ("Globals", "Function") and path[2:3] and path[2] not in _FUNCTION_KEYS:
            yield path, (Class.LEFT_OUT, "counts for no function: each has its own, or ignores this one")
