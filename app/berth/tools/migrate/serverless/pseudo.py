"""CloudFormation's pseudo parameters in texts of serverless.yml: `${AWS::Region}`, `#{AWS::Region}`."""

import re

from berth.tools.migrate.model.values import Hole, Holes, Text, joined

_PSEUDO = re.compile(r"[$#]\{(AWS::[A-Za-z]+)\}")


def with_pseudo_parameters(text: str, holes: Holes) -> Text:
    """The text with holes for the pseudo parameters in it."""
    parts: list[Text] = []
    end = 0
    for found in _PSEUDO.finditer(text):
        holes.ask(found[1], f"the pseudo parameter {found[1]}")
        parts += [Text((text[end : found.start()],)), Text((Hole(found[1]),))]
        end = found.end()
    return joined([*parts, Text((text[end:],))])
