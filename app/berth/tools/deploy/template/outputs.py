"""The outputs of a template: what the next command needs."""

from typing import Any

from berth.tools.deploy.template import intrinsics as cfn
from berth.tools.deploy.template.stack import Stack

_API_HOST = "https://${{{}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}"


def outputs(stack: Stack) -> dict[str, dict[str, Any]]:
    """The outputs, in the order of use."""
    made = {
        "RepositoryUri": _output("Where the image is pushed", cfn.attribute("Repository", "RepositoryUri")),
        **(_api(stack) if stack.has_api else {}),
        "LoadBalancerName": _output("Inside the VPC", cfn.attribute("LoadBalancer", "DNSName")),
        "ListenerArn": _output("What an integration of an HTTP API names", cfn.ref("Listener")),
        **_invoke_api(stack),
        "ClusterName": _output("The cluster", cfn.ref("Cluster")),
        "WebServiceName": _output("The web servers", cfn.attribute("WebService", "Name"), cfn.HAS_IMAGE),
        "LogGroupName": _output("The log of all tasks", cfn.ref("LogGroup")),
        "TaskGroupId": _output(
            "What databases and caches have to admit", cfn.attribute("TaskGroup", "GroupId")
        ),
        "TaskRoleArn": _output("What all functions may do", cfn.attribute("TaskRole", "Arn")),
    }
    if stack.worker:
        name = cfn.attribute("WorkerService", "Name")
        made["WorkerServiceName"] = _output("The workers", name, cfn.HAS_IMAGE)
        made["EventQueueUrl"] = _output("Events that wait", cfn.ref("EventQueue"))
        made["DeadLetterQueueUrl"] = _output("Events that failed for good", cfn.ref("DeadLetterQueue"))
        made["InvocationTableName"] = _output("The pages of invocations", cfn.ref("InvocationTable"))
    for secret in stack.secrets:
        if secret.is_made:
            described = f"The secret with the gateway's token ({secret.variable})"
            made[f"{secret.name}Arn"] = _output(described, cfn.ref(secret.name))
    return made


def _api(stack: Stack) -> dict[str, dict[str, Any]]:
    stage = stack.deployment.stage_name
    url = _API_HOST.format(stack.api_id) + ("" if stage == "$default" else f"/{stage}")
    return {
        "ApiUrl": _output("Where clients call", cfn.sub(url)),
        "ApiId": _output("The API", cfn.ref(stack.api_id)),
        "VpcLinkId": _output("The way from API Gateway into the VPC", cfn.ref(stack.link_id)),
    }


def _invoke_api(stack: Stack) -> dict[str, dict[str, Any]]:
    """Where callers inside the VPC, such as bridges, reach the Invoke API; nothing where none can."""
    api = stack.deployment.stage.invoke_api
    if api is None or (api.bind is not None and stack.invoke_listener is None):
        return {}
    port = f":{stack.invoke_listener[1]}" if stack.invoke_listener else ""
    url = cfn.sub(f"http://${{LoadBalancer.DNSName}}{port}")
    return {"InvokeUrl": _output("The Invoke API, for callers from CallerCidr", url)}


def _output(description: str, value: Any, condition: str | None = None) -> dict[str, Any]:
    only = {"Condition": condition} if condition else {}
    return {"Description": description, **only, "Value": value}
