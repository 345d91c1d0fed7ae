"""Rules of an Application Load Balancer's listener."""

from dataclasses import dataclass

# The fields of a rule's conditions, as the ELB API spells them.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RuleCondition.html
CONDITION_FIELDS = ("host-header", "http-request-method", "http-header", "query-string", "path-pattern")


@dataclass(frozen=True)
class Condition:
    """One condition: a request meets it by any of its values.

    Values are patterns with `*` and `?`; those of a query string are (key, value) pairs, the key
    None for any key.
    """

    field: str
    values: tuple[str, ...] = ()
    pairs: tuple[tuple[str | None, str], ...] = ()
    header_name: str = ""


@dataclass(frozen=True)
class ListenerRule:
    """What a rule asks beside method and path; rules with a priority go first, the lowest number first."""

    priority: int | None = None
    conditions: tuple[Condition, ...] = ()


ANY_REQUEST = ListenerRule()
