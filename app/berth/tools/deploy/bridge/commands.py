"""The commands of the aws CLI that move a Lambda function to its bridge and back, as text."""

import re
from shlex import quote

SHARES = (1, 10, 50, 100)  # percent
METRICS = ("Invocations", "Errors", "Throttles")
VARIABLES = (
    "BRIDGE_URL",
    "BRIDGE_TOKEN",
    "BRIDGE_ACCESS_KEY_ID",
    "BRIDGE_SECRET_ACCESS_KEY",
    "BRIDGE_REGION",
)
_ADDED = f'(env | with_entries(select(.key | test("^({"|".join(VARIABLES)})$"))))'
_ALL = "--routing-config 'AdditionalVersionWeights={}'"
DESCRIPTION = "Forwards to Berth"  # of the versions that are bridges
_VERSION = "--query Version --output text"
# What the CLI would print else has the values of all variables.
_QUIET = "--query LastUpdateStatus --output text"
_LEADS_TO = "--query FunctionVersion --output text"


def aws_commands(function: str, alias: str, archive: str, region: str | None = None) -> list[str]:
    """The commands for one function by its name on Lambda, in their order, each step with a comment.

    Without a region they go where the CLI goes.
    """
    commands = _commands(function, alias, archive)
    if region is None:
        return commands
    return [
        re.sub(r"\baws (?=lambda|cloudwatch)", f"aws --region {quote(region)} ", line) for line in commands
    ]


def _commands(function: str, alias: str, archive: str) -> list[str]:
    name = f"--function-name {quote(function)}"
    named = f"{name} --name {quote(alias)}"
    # Each function has variables of its own, so that the commands of several can be typed in one shell.
    kept, old, new = (f"{each}_{re.sub('[^A-Za-z0-9]', '_', function)}" for each in ("KEPT", "OLD", "NEW"))
    to_old, to_new = (f'aws lambda update-alias {named} --function-version "${each}"' for each in (old, new))
    wait = f"aws lambda wait function-updated-v2 {name}"
    return [
        "# Keep the code that runs now as a version. The way back is what the alias leads to, and without an",
        "# alias that version. Stop here if it is $LATEST, or a bridge of before: name the version yourself.",
        f"{kept}=$(aws lambda publish-version {name} {_VERSION})",
        f"{old}=$(aws lambda get-alias {named} {_LEADS_TO}"
        f' || aws lambda create-alias {named} --function-version "${kept}" {_LEADS_TO})',
        f'echo "the way back: ${old}"',
        "# Add this shell's BRIDGE_ variables to the function's: where Berth is, and what proves the caller.",
        f"aws lambda get-function-configuration {name} --query '{{Variables: Environment.Variables}}'"
        f" | jq '.Variables += {_ADDED}'"
        f" | aws lambda update-function-configuration {name} --environment file:///dev/stdin {_QUIET}",
        wait,
        "# Publish the bridge. Calls without a qualifier get it at once, the alias once it is shifted.",
        f"aws lambda update-function-code {name} --zip-file {quote('fileb://' + archive)} {_QUIET}",
        wait,
        f"{new}=$(aws lambda publish-version {name} --description {quote(DESCRIPTION)} {_VERSION})",
        "# Shift the alias, one of these at a time.",
        *(
            f'{to_old} --routing-config "AdditionalVersionWeights={{${new}={part / 100}}}"'
            for part in SHARES[:-1]
        ),
        f"{to_new} {_ALL}",
        "# Look at the errors of both versions after each.",
        *(_errors(function, alias, version) for version in (old, new)),
        "# The way back, at any time:",
        f"{to_old} {_ALL}",
    ]


def _errors(function: str, alias: str, version: str) -> str:
    return (
        "aws cloudwatch get-metric-statistics --namespace AWS/Lambda --metric-name Errors --statistics Sum"
        ' --period 60 --start-time "$(($(date +%s) - 900))" --end-time "$(date +%s)"'
        f" --dimensions Name=FunctionName,Value={quote(function)}"
        f' Name=Resource,Value={quote(f"{function}:{alias}")} Name=ExecutedVersion,Value="${version}"'
    )
