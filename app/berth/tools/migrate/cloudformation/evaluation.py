"""Evaluating CloudFormation's functions: what only the deployment knows becomes a hole, nothing is guessed.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from berth.tools.migrate.cloudformation.conditions import Answer, Conditions, Unevaluable
from berth.tools.migrate.cloudformation.dynamic_references import with_resolved
from berth.tools.migrate.cloudformation.template import Template
from berth.tools.migrate.model.values import (
    NO_VALUE,
    Hole,
    Holes,
    Text,
    Tree,
    as_text,
    chosen,
    is_scalar,
    joined,
    parameters_of,
    plain,
    texts_of,
)

# The parameters that CloudFormation itself gives every template.
PSEUDO_PARAMETERS = {
    "AWS::Region": "the region",
    "AWS::AccountId": "the account",
    "AWS::Partition": "the partition, such as aws",
    "AWS::URLSuffix": "the domain of the partition, such as amazonaws.com",
    "AWS::StackName": "the stack's name",
    "AWS::StackId": "the stack's ARN",
    "AWS::NotificationARNs": "the stack's topics",
}
# These differ between the stacks of one import.
_OF_ONE_STACK = ("AWS::StackName", "AWS::StackId")
_SUBSTITUTION = re.compile(r"\$\{(!?)([^{}]+)\}")


def is_intrinsic(node: Mapping[str, Any]) -> bool:
    """Whether a mapping of a template is a call of one of CloudFormation's functions."""
    name = next(iter(node), "") if len(node) == 1 else ""
    return name == "Ref" or name.startswith("Fn::")


@dataclass
class Evaluator:
    """Evaluates the values of one template.

    `given` has the values of parameters (a parent stack's values may have holes, which are named after the
    parent's parameters: `inherited`). `prefix` comes before the ids of resources, such as `Child/`; it also
    comes before the names of those resources and parameters in holes that other templates of the import have,
    too (`shared_names`). `outputs` reads an output of a nested stack, `exports` what another stack exports.
    """

    template: Template
    holes: Holes
    given: Mapping[str, Tree] = field(default_factory=dict)
    prefix: str = ""
    shared_names: frozenset[str] = frozenset()
    inherited: frozenset[str] = frozenset()
    outputs: Callable[[str, str], Tree] | None = None
    exports: Callable[[str], Tree] | None = None

    def evaluate(self, node: Tree) -> Tree:
        """Evaluate a value of the template; raises Unevaluable."""
        if isinstance(node, list):
            return [value for each in node if (value := self.evaluate(each)) is not NO_VALUE]
        if not isinstance(node, dict):
            return with_resolved(self.holes, node) if isinstance(node, str) and "{{resolve:" in node else node
        if is_intrinsic(node):
            return self._call(*next(iter(node.items())))
        values = {key: self.evaluate(each) for key, each in node.items()}
        return {key: each for key, each in values.items() if each is not NO_VALUE}

    def text(self, node: Tree) -> Text:
        """Evaluate a value that must be a text; raises Unevaluable."""
        value = self.evaluate(node)
        if not is_scalar(value):
            raise Unevaluable(f"must be a text, not {json.dumps(plain(value), default=str)[:80]}")
        return as_text(value)

    def known(self, node: Tree) -> str:
        """Evaluate a text that must be known under the given parameters; raises Unevaluable, UnknownValue."""
        return self.holes.resolved(self.text(node))

    def depends_on(self, node: Tree) -> frozenset[str]:
        """The parameters that count in a value."""
        value = self.evaluate(node)
        texts = value if isinstance(value, list) else [value]
        found = (parameters_of(as_text(each), self.parameter_names) for each in texts if is_scalar(each))
        return frozenset().union(*found)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The template's parameters, as it declares them."""
        return self.template.section("Parameters")

    @cached_property
    def parameter_names(self) -> frozenset[str]:
        """The names of holes that stand for parameters: of this template, and of those above it."""
        return frozenset(map(self.shown_name, (*self.parameters, *PSEUDO_PARAMETERS))) | self.inherited

    def shown_name(self, name: str) -> str:
        """The name of the hole of a resource or a parameter, after its stack's where that is needed."""
        is_own = name in self.shared_names or (name in _OF_ONE_STACK and self.prefix)
        shown = self.template.references.get(name, name)
        return f"{self.prefix.replace('/', '.')}{shown}" if is_own else shown

    def holds(self, condition: str | None) -> bool:
        """Whether a condition of the template is true; raises Unevaluable, UnknownValue."""
        return condition is None or self.conditions.answer(condition).value

    @cached_property
    def conditions(self) -> Conditions:
        """The conditions of the template."""
        return Conditions(self.template.section("Conditions"), self._compare)

    def _compare(self, left: Tree, right: Tree) -> Answer:
        values = [self.evaluate(side) for side in (left, right)]
        if all(map(is_scalar, values)):
            texts = [as_text(value) for value in values]
            parameters = frozenset().union(*(parameters_of(each, self.parameter_names) for each in texts))
            one, other = map(self.holes.resolved, texts)
            return Answer(one == other, parameters)
        return Answer(plain(values[0]) == plain(values[1]))

    def _call(self, name: str, argument: Tree) -> Tree:
        functions: dict[str, Callable[[Tree], Tree]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::Base64": self._base64,
            "Fn::FindInMap": self._find_in_map,
            "Fn::If": self._if,
            "Fn::ImportValue": self._import_value,
            "Fn::Length": self._length,
            "Fn::ToJsonString": self._to_json_string,
            "Fn::GetAZs": lambda _: [self._unknown("AWS::AvailabilityZones", "the availability zones")],
        }
        if name not in functions:
            raise Unevaluable(f"{name} is a function that is not known here")
        return functions[name](argument)

    def _arguments(self, name: str, argument: Tree, count: int) -> list[Tree]:
        if not isinstance(argument, list) or len(argument) != count:
            raise Unevaluable(f"{name} needs a list of {count} values")
        return argument

    def _ref(self, name: Tree) -> Tree:
        if not isinstance(name, str):
            raise Unevaluable("Ref needs the name of a parameter or a resource")
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.given:
            return self._given(name)
        if name in self.parameters or name in PSEUDO_PARAMETERS:
            return self._unknown(self.shown_name(name), PSEUDO_PARAMETERS.get(name, "a parameter"))
        if name not in self.template.resources and not self.template.is_partial:
            raise Unevaluable(f"refers to {name!r}, which is neither a parameter nor a resource")
        return self._of_resource(name, "")

    def _given(self, name: str) -> Tree:
        """A parameter's value: the hole of its name, or what the parent stack hands on."""
        value = self.given[name]
        if isinstance(value, list):
            return [chosen(each, frozenset({self.shown_name(name)})) for each in value]
        return value if isinstance(value, Text) else Text((Hole(self.shown_name(name)),))

    def _unknown(self, name: str, meaning: str) -> Text:
        self.holes.ask(name, meaning)
        return Text((Hole(name),))

    def _of_resource(self, name: str, attribute: str) -> Text:
        shown = f"{self.shown_name(name)}.{attribute}" if attribute else self.shown_name(name)
        found = self.template.resources.get(name)
        kind = found.type if found else "resource"
        what = f"the attribute {attribute} of" if attribute else "the name of"
        self.holes.ask(shown, f"{what} the {kind} {name}")
        return Text((Hole(shown, f"{self.prefix}{name}", attribute),))

    def _get_att(self, argument: Tree) -> Tree:
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        if not isinstance(parts, list) or len(parts) != 2 or not isinstance(parts[0], str):
            raise Unevaluable("Fn::GetAtt needs a resource and its attribute")
        name, attribute = parts[0], self.known(parts[1])
        if name not in self.template.resources and not self.template.is_partial:
            raise Unevaluable(f"refers to {name!r}, which is no resource")
        if attribute.startswith("Outputs.") and self.outputs is not None:
            output = self.outputs(name, attribute.removeprefix("Outputs."))
            if output is not None:
                return output
        return self._of_resource(name, attribute)

    def _sub(self, argument: Tree) -> Tree:
        text, own = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
        if not isinstance(text, str | Text) or not isinstance(own, dict):
            raise Unevaluable("Fn::Sub needs a text, or a text and a mapping")
        made = joined(
            self._substituted(part, own) if isinstance(part, str) else Text((part,))
            for part in as_text(text).parts
        )
        return with_resolved(self.holes, made)

    def _substituted(self, text: str, own: Mapping[str, Tree]) -> Text:
        parts: list[Text] = []
        end = 0
        for found in _SUBSTITUTION.finditer(text):
            parts.append(as_text(text[end : found.start()]))
            parts.append(as_text(f"${{{found[2]}}}") if found[1] else self._named(found[2].strip(), own))
            end = found.end()
        return joined([*parts, as_text(text[end:])])

    def _named(self, name: str, own: Mapping[str, Tree]) -> Text:
        if name in own:
            return self.text(own[name])
        is_attribute = "." in name and name not in self.given
        return self.text({"Fn::GetAtt": name} if is_attribute else {"Ref": name})

    def _join(self, argument: Tree) -> Tree:
        separator, values = self._arguments("Fn::Join", argument, 2)
        values = self._list("Fn::Join", values)
        between = as_text(str(separator))
        parts = [part for value in values for part in (between, as_text(value))]
        return with_resolved(self.holes, joined(parts[1:]))

    def _list(self, name: str, node: Tree) -> list[Tree]:
        """A list of scalars; a text that is a parameter of a list type is split at its commas."""
        value = self.evaluate(node)
        if isinstance(value, Text):
            parts = self.holes.resolved(value).split(",")
            value = chosen([part.strip() for part in parts], parameters_of(value, self.parameter_names))
        if not isinstance(value, list):
            raise Unevaluable(f"{name} needs a list")
        return value

    def _select(self, argument: Tree) -> Tree:
        index, values = self._arguments("Fn::Select", argument, 2)
        parameters = self.depends_on(index)
        number, found = self.known(index), self._list("Fn::Select", values)
        if not number.isdigit() or int(number) >= len(found):
            raise Unevaluable(f"Fn::Select asks for number {number} of {len(found)} values")
        return chosen(found[int(number)], parameters)

    def _split(self, argument: Tree) -> Tree:
        separator, node = self._arguments("Fn::Split", argument, 2)
        text = self.text(node)
        parts = self.holes.resolved(text).split(str(separator))
        return chosen(parts, parameters_of(text, self.parameter_names))

    def _base64(self, argument: Tree) -> Tree:
        text = self.text(argument)
        encoded = base64.b64encode(self.holes.resolved(text).encode()).decode()
        return chosen(encoded, parameters_of(text, self.parameter_names))

    def _find_in_map(self, argument: Tree) -> Tree:
        if not isinstance(argument, list) or len(argument) not in (3, 4):
            raise Unevaluable("Fn::FindInMap needs a map and two keys")
        keys, default = argument[:3], argument[3] if len(argument) == 4 else None
        parameters = frozenset().union(*map(self.depends_on, keys))
        value: Any = self.template.section("Mappings")
        for key in map(self.known, keys):
            if not isinstance(value, dict) or key not in value:
                if isinstance(default, dict) and "DefaultValue" in default:
                    return chosen(self.evaluate(default["DefaultValue"]), parameters)
                raise Unevaluable(f"Fn::FindInMap finds no {key!r}")
            value = value[key]
        return chosen(self.evaluate(value), parameters)

    def _if(self, argument: Tree) -> Tree:
        name, yes, no = self._arguments("Fn::If", argument, 3)
        answer = self.conditions.answer(str(name))
        return chosen(self.evaluate(yes if answer.value else no), answer.parameters)

    def _import_value(self, argument: Tree) -> Tree:
        text = self.text(argument)
        name = text.named
        found = self.exports(name) if self.exports is not None else None
        if found is not None:
            return found
        return self._unknown(f"ImportValue:{name}", f"the export {name} of another stack")

    def _length(self, argument: Tree) -> Tree:
        return len(self._list("Fn::Length", argument))

    def _to_json_string(self, argument: Tree) -> Tree:
        value = self.evaluate(argument)
        texts = texts_of(value)
        parameters = frozenset().union(*(parameters_of(each, self.parameter_names) for each in texts))
        return chosen(json.dumps(self.holes.resolved_tree(value), separators=(",", ":")), parameters)
