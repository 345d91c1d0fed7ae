"""The variables that container platforms set for a service, which may look like settings of Berth."""

import re

# What container platforms set for a service called berth, or berth-api: Kubernetes for a Service, Docker
# for a link. None is a setting; the text tells `BERTH_PORT=tcp://...` from a mistaken `BERTH_PORT=8000`.
_OF_SERVICE = re.compile(
    r"BERTH_(\w+_)?("
    r"SERVICE_HOST=.*|SERVICE_PORT(_\w+)?=[0-9]+|PORT=(tcp|udp|sctp)://.*"
    r"|PORT_[0-9]+_(TCP|UDP|SCTP)(=(tcp|udp|sctp)://.*|_PROTO=(tcp|udp|sctp)|_PORT=[0-9]+|_ADDR=.*)"
    r"|NAME=/.+/.+)",
    re.DOTALL,
)


def is_of_service(name: str, value: str) -> bool:
    """Whether a platform sets this variable for a service called berth, or one whose name begins so."""
    return _OF_SERVICE.fullmatch(f"{name}={value}") is not None
