"""Reading the layers of functions: those of the template, and those that only an ARN names."""

import re
from dataclasses import dataclass, field

from berth.tools.migrate.cloudformation.code import read_code
from berth.tools.migrate.cloudformation.index import Index
from berth.tools.migrate.cloudformation.stack import Stack
from berth.tools.migrate.cloudformation.template import Resource
from berth.tools.migrate.model.application import CodeSource, LayerSource, Place
from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.values import Text, Tree, as_text, is_scalar

_ARN = re.compile(r"arn:.*:layer:(?P<name>[A-Za-z0-9_-]+):(?P<version>[0-9]+)")
_LONGEST = 64
_LAYER = "AWS::Lambda::LayerVersion"
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-layerversion.html
_PROPERTIES = {
    "CompatibleRuntimes": (Class.LEFT_OUT, "the image has one interpreter for every layer"),
    "CompatibleArchitectures": (
        Class.ELSEWHERE,
        "the task's cpuArchitecture; doctor looks at compiled code",
    ),
    "LayerName": (Class.LEFT_OUT, "the layer's folder has its logical id"),
    "Description": (Class.LEFT_OUT, "for people"),
    "LicenseInfo": (Class.LEFT_OUT, "for people"),
}


@dataclass
class Layers:
    """The layers of an import; each is read once, and has one name."""

    index: Index
    _read: dict[str, LayerSource] = field(default_factory=dict)

    def of(self, stack: Stack, resource: Resource) -> tuple[LayerSource, ...]:
        """The layers of one function, in order: a later one hides files of an earlier one."""
        node = resource["Layers"]
        if node is None:
            return ()
        place = stack.place(resource, "Properties", "Layers")
        values = stack.value(node, place)
        if not isinstance(values, list):
            stack.refuse(place, "Layers must be a list")
            return ()
        function = stack.id(resource)
        stack.note(Class.CARRIED, place, "layers", function=function)
        places = [stack.place(resource, "Properties", "Layers", number) for number in range(len(values))]
        for each in places:
            stack.note(Class.CARRIED, each, "layers", function=function)
        return tuple(self._layer(stack, *pair, function) for pair in zip(values, places, strict=True))

    def _layer(self, stack: Stack, value: Tree, place: Place, function: str) -> LayerSource:
        found = self.index.referred(value)
        if found and found[1].type == _LAYER:
            return self._own(*found)
        text = as_text(value) if is_scalar(value) else Text()
        name = _name_of(text)
        made = LayerSource(name, CodeSource(place, remote=str(text)), arn=str(text))
        self._read.setdefault(str(text), made)
        advice = f"put the layer's content into layers/{name}, or --fetch it; {text} is on AWS"
        stack.note(Class.OPEN, place, advice, function=function, name=f"layers/{name}")
        return made

    def _own(self, stack: Stack, resource: Resource) -> LayerSource:
        layer_id = stack.id(resource)
        if layer_id not in self._read:
            taken = {each.name.lower() for each in self._read.values()}
            own = (*stack.template.names.get(resource.name, (resource.name,)), layer_id.replace("/", "-"))
            name = next((each for each in own if each.lower() not in taken), own[-1])
            self._read[layer_id] = LayerSource(name, read_code(stack, resource, "Content"))
            _note_layer(stack, resource, name)
        return self._read[layer_id]


def _name_of(text: Text) -> str:
    """A folder's name for a layer's ARN: its name and version."""
    flat = "".join(part if isinstance(part, str) else f"-{part.name}-" for part in text.parts)
    found = _ARN.fullmatch(flat)
    if found:
        return f"{found['name']}-{found['version']}"
    return re.sub("[^A-Za-z0-9_-]+", "-", flat).strip("-")[-_LONGEST:]


def _note_layer(stack: Stack, resource: Resource, name: str) -> None:
    stack.note(Class.CARRIED, stack.place(resource), f"layers/{name}")
    for key, (kind, text) in _PROPERTIES.items():
        if key in resource.properties:
            stack.note(kind, stack.place(resource, "Properties", key), text)
