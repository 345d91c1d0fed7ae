"""Calling AWS's own translator of SAM templates, the package `aws-sam-translator`.

It reads the parameters of some properties, asks for a region, writes log lines, and fails with any exception
where a template is malformed; all of that ends here.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from berth.tools.migrate.cloudformation.template import Template
from berth.tools.migrate.cloudformation.tracing import traced_value
from berth.tools.migrate.model.findings import ImportRefused, Path, Problem
from berth.tools.migrate.source.documents import mapping_at

# Only the partition of generated ARNs depends on it: nothing with a region in it is made.
_REGION = "us-east-1"
# A parameter with such a value is not replaced by it: the translator's rule for values that nobody knows yet.
_UNKNOWN = "{{{{IntrinsicFunction:{}}}}}"
_RESOURCE = re.compile(r"(?:Resource|Transforming resource) with id \[([A-Za-z0-9]+)\]( is invalid\. )?")
_EVENT = re.compile(r"Event with id \[([A-Za-z0-9]+)\] is invalid\. ")
_PROPERTY = re.compile(r"[Pp]roperty '?([A-Za-z0-9.]+)'?")


class TranslatorFailed(Exception):
    """Raised when the translator fails without saying why: it has no words for every malformed template."""


class SamTranslator:
    """Translates traced templates of one source; `values` has the parameters that are known."""

    def __init__(self, values: Mapping[str, str], region: str, template: Template) -> None:
        from boto3 import Session

        self._session = Session(region_name=region or _REGION)
        self._values = values
        self._template = template

    def translate(self, given: dict[str, Any]) -> dict[str, Any]:
        """Translate a template, or a part of one.

        Raises ImportRefused with everything that the translator refuses, and TranslatorFailed.
        """
        from samtranslator.metrics.metrics import DummyMetricsPublisher, Metrics
        from samtranslator.model.exceptions import InvalidDocumentException
        from samtranslator.parser.parser import Parser
        from samtranslator.translator.translator import Translator

        metrics = Metrics("ServerlessTransform", DummyMetricsPublisher())
        parameters = _parameters(self._values)
        with _quiet():
            try:
                translator = Translator({}, Parser(), boto_session=self._session, metrics=metrics)
                made: dict[str, Any] = translator.translate(given, parameters, passthrough_metadata=True)
            except InvalidDocumentException as bad:
                raise ImportRefused(_problem(each.message, self._template) for each in bad.causes) from bad
            except Exception as bad:
                raise TranslatorFailed(f"{type(bad).__name__}: {bad}") from bad
            finally:
                metrics.publish()
        return made


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the translator's log lines from the screen: what it refuses is reported."""
    logger = logging.getLogger("samtranslator")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)


def _parameters(values: Mapping[str, str]) -> dict[str, Any]:
    """Parameters for the translator: it may look at their values, and their references come back."""
    unknown = {name: _UNKNOWN.format(name) for name in ("AWS::Region", "AWS::Partition")}
    return {name: traced_value(each, {"Ref": name}, None) for name, each in {**values, **unknown}.items()}


def _problem(message: str, template: Template) -> Problem:
    """One refusal of the translator, with the place that it names."""
    resource, event = _RESOURCE.search(message), _EVENT.search(message)
    text = _EVENT.sub("", _RESOURCE.sub(_without_prefix, message))
    path: Path = ("Resources", resource[1]) if resource else ()
    if event:
        name = event[1].removeprefix(resource[1]) if resource else event[1]
        path = (*path, "Properties", "Events", name) if resource else _path_of_event(template, name)
    found = _PROPERTY.search(text)
    place = template.place(*_existing(template, path, found[1] if found else ""))
    return Problem(text, place.file, place.path, template.line(place))


def _without_prefix(found: re.Match[str]) -> str:
    return "" if found[2] else found[0]


def _path_of_event(template: Template, name: str) -> Path:
    """The path of an event that only its own name tells."""
    for resource, entry in template.section("Resources").items():
        for event in mapping_at(entry, "Properties", "Events"):
            if name in (event, f"{resource}{event}"):
                return ("Resources", resource, "Properties", "Events", event)
    return ()


def _existing(template: Template, path: Path, key: str) -> Path:
    """A path with a property behind it, as far as the template has it."""
    node: Any = template.body
    found: list[str | int] = []
    for part in (*path, "Properties", *key.split(".")):
        if not isinstance(node, dict) or part not in node:
            continue
        node = node[part]
        found.append(part)
    return tuple(found) if path else ()
