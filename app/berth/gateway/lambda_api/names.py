"""The names by which a client of Lambda's API may call a function: short, partial, and full ARNs."""

import re
from collections.abc import Iterator, Mapping, Sequence

from berth.gateway.lambda_api import errors
from berth.model.function import Function
from berth.model.stage import Stage
from berth.model.value_class import value_class

LATEST = "$LATEST"
# As Lambda's own messages show it.
NAME_PATTERN = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?"
    r"(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
)
_NAME = re.compile(
    r"(?P<arn>arn:(aws[a-zA-Z-]*)?:lambda:)?"
    r"((?P<region>(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-[0-9]):)?"
    r"((?P<account>[0-9]{12}):)?(function:)?(?P<name>[a-zA-Z0-9-_.]+)"
    r"(:(?P<qualifier>\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
)
_QUALIFIER_PATTERN = r"\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"
_QUALIFIER = re.compile(r"[a-zA-Z0-9_$-]+|\$LATEST\.PUBLISHED")
_LONGEST_NAME, _LONGEST_QUALIFIER = 256, 128


@value_class
class FunctionName:
    """A function as a client names it; None is what the client has left out."""

    name: str
    qualifier: str | None = None
    region: str | None = None
    account_id: str | None = None

    def arn(self, stage: Stage, default_qualifier: str | None = None) -> str:
        """The ARN of the function, with the qualifier if there is one."""
        region, account = self.region or stage.region, self.account_id or stage.account_id
        qualifier = self.qualifier or default_qualifier
        arn = f"arn:aws:lambda:{region}:{account}:function:{self.name}"
        return f"{arn}:{qualifier}" if qualifier else arn


def name_problems(name: str, qualifier: str | None) -> Iterator[str]:
    """What is wrong with the form of a name and a qualifier, in Lambda's words."""
    if len(name) > _LONGEST_NAME:
        yield _problem(name, "functionName", f"have length less than or equal to {_LONGEST_NAME}")
    if _match(name) is None:
        yield _problem(name, "functionName", f"satisfy regular expression pattern: {NAME_PATTERN}")
    if qualifier is not None and len(qualifier) > _LONGEST_QUALIFIER:
        yield _problem(qualifier, "qualifier", f"have length less than or equal to {_LONGEST_QUALIFIER}")
    if qualifier is not None and not _QUALIFIER.fullmatch(qualifier):
        yield _problem(qualifier, "qualifier", f"satisfy regular expression pattern: {_QUALIFIER_PATTERN}")


def enum_problem(value: str, parameter: str, known: Sequence[str]) -> Iterator[str]:
    """What is wrong with a value that is none of the known ones, in Lambda's words."""
    if value not in known:
        yield _problem(value, parameter, f"satisfy enum value set: [{', '.join(known)}]")


def read_name(name: str, qualifier: str | None) -> FunctionName:
    """Read a name that has no problems; raises LambdaError if it contradicts the qualifier beside it."""
    found = _match(name)
    assert found, "name_problems has found none"
    own = found["qualifier"]
    if own and qualifier and own != qualifier:
        raise errors.bad_parameter(
            "The derived qualifier from the function name does not match the specified qualifier."
        )
    return FunctionName(found["name"], own or qualifier, found["region"], found["account"])


def find_function(
    functions: Mapping[str, Function], stage: Stage, named: FunctionName, missing: str | None = LATEST
) -> Function:
    """The function of this name; raises LambdaError if there is none.

    Functions have no versions and no aliases here. `missing` is the qualifier in the message about a
    function that is named without one.
    """
    if named.region not in {None, stage.region}:
        raise errors.region_not_reachable(str(named.region), stage.region)
    if named.account_id not in {None, stage.account_id}:
        raise errors.other_account(named.arn(stage))
    function = functions.get(named.name)
    if function is None or named.qualifier not in {None, LATEST}:
        raise errors.function_not_found(named.arn(stage, missing))
    return function


def _match(name: str) -> re.Match[str] | None:
    """Match a name; an ARN must have its region and its account."""
    found = _NAME.fullmatch(name)
    is_whole = found is None or not found["arn"] or (found["region"] and found["account"])
    return found if is_whole else None


def _problem(value: str, parameter: str, rule: str) -> str:
    return f"Value '{value}' at '{parameter}' failed to satisfy constraint: Member must {rule}"
