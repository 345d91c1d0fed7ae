"""The commands of the aws CLI that move a Lambda function to its bridge and back, as text."""

import re
from shlex import quote

SHARES = (1, 10, 50, 100)  # percent
METRICS = ("Invocations", "Errors", "Throttles")
_ADDED = "{BRIDGE_URL: env.BRIDGE_URL, BRIDGE_TOKEN: env.BRIDGE_TOKEN}"
_ALL = "--routing-config 'AdditionalVersionWeights={}'"
DESCRIPTION = "Forwards to Berth"  # of the versions that are bridges
_VERSION = "--query Version --output text"


def aws_commands(function: str, alias: str, archive: str) -> list[str]:
    """The commands for one function by its name on Lambda, in their order, each step with a comment."""
    name = f"--function-name {quote(function)}"
    named = f"{name} --name {quote(alias)}"
    # Each function has variables of its own, so that the commands of several can be typed in one shell.
    old, new = (f"{each}_{re.sub('[^A-Za-z0-9]', '_', function)}" for each in ("OLD", "NEW"))
    to_old, to_new = (f'aws lambda update-alias {named} --function-version "${each}"' for each in (old, new))
    wait = f"aws lambda wait function-updated-v2 {name}"
    return [
        "# Keep the code that runs now as a version: it is the way back.",
        f"{old}=$(aws lambda publish-version {name} {_VERSION})",
        f'aws lambda create-alias {named} --function-version "${old}"',
        "# Where the alias is there already, it has the way back; in place of the last command:",
        f"# {old}=$(aws lambda get-alias {named} --query FunctionVersion --output text)",
        "# Add where Berth is, and what proves the caller, to the function's variables.",
        f"aws lambda get-function-configuration {name} --query '{{Variables: Environment.Variables}}'"
        f" | jq '.Variables += {_ADDED}'"
        f" | aws lambda update-function-configuration {name} --environment file:///dev/stdin",
        wait,
        "# Publish the bridge. Calls without a qualifier get it at once, the alias once it is shifted.",
        f"aws lambda update-function-code {name} --zip-file {quote('fileb://' + archive)}",
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
        ' --period 60 --start-time "$(date -u -d -15min +%FT%TZ)" --end-time "$(date -u +%FT%TZ)"'
        f" --dimensions Name=FunctionName,Value={quote(function)}"
        f' Name=Resource,Value={quote(f"{function}:{alias}")} Name=ExecutedVersion,Value="${version}"'
    )
