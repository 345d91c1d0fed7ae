"""Rules of an Application Load Balancer's listener."""

from berth.model.value_class import value_class

# The fields of a rule's conditions, as the ELB API spells them.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RuleCondition.html
CONDITION_FIELDS = ("host-header", "http-request-method", "http-header", "query-string", "path-pattern")


@value_class
class Condition:
    """One condition; a request meets it when one of its values fits.

    Values are patterns with `*` and `?`. A condition on the query string has (key, value) pairs instead;
    the key None stands for any key.
    """

    field: str
    values: tuple[str, ...] = ()
    pairs: tuple[tuple[str | None, str], ...] = ()
    header_name: str = ""


@value_class
class ListenerRule:
    """What a rule requires beside method and path. Rules with a priority go first, lower numbers first."""

    priority: int | None = None
    conditions: tuple[Condition, ...] = ()


ANY_REQUEST = ListenerRule()
