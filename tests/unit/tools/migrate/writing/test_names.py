from berth.tools.migrate.model.application import CodeSource, FunctionSource
from berth.tools.migrate.model.values import Hole, Text, as_text
from berth.tools.migrate.writing.names import fitted, folder_names
from kit.imports import place
from kit.tables import for_each


def _function(
    function_id: str, names: tuple[str, ...] = (), given: Text | str | None = None
) -> FunctionSource:
    return FunctionSource(
        id=function_id,
        place=place(function_id),
        names=names or (function_id,),
        code=CodeSource(place(function_id)),
        given_name=None if given is None else as_text(given),
    )


CASES = {
    "a literal name": ([_function("Orders", given="shop-orders")], ["shop-orders"]),
    "a name with a hole": (
        [_function("Orders", given=Text((Hole("Env"), "-orders")))],
        ["Orders"],
    ),
    "a name that parameters chose": (
        [_function("Orders", given=Text(("orders",), frozenset({"Env"})))],
        ["Orders"],
    ),
    "names that do not fit": (
        [_function("A", given="a.b"), _function("B", given="x" * 65), _function("C", given="_hidden")],
        ["A", "B", "C"],
    ),
    "two with one literal name": (
        [_function("A", given="job"), _function("B", given="job")],
        ["A", "B"],
    ),
    "a literal name goes before a logical id that differs in case": (
        [_function("Work", given="work"), _function("Child/Work", ("Work", "Child-Work"))],
        ["work", "Child-Work"],
    ),
    "a literal name gives way where the other function has no other name": (
        [_function("A", given="Orders"), _function("Orders")],
        ["A", "Orders"],
    ),
    "nested": (
        [_function("Work"), _function("Child/Work", ("Work", "Child-Work"))],
        ["Work", "Child-Work"],
    ),
    "one child twice": (
        [_function("One/Work", ("Work", "One-Work")), _function("Two/Work", ("Work", "Two-Work"))],
        ["One-Work", "Two-Work"],
    ),
    "longer paths of CDK": (
        [_function("X1", ("Handler", "Api-Handler")), _function("X2", ("handler", "Jobs-handler"))],
        ["Api-Handler", "Jobs-handler"],
    ),
    "nothing else helps": (
        [_function("a"), _function("A")],
        ["a", "A-2"],
    ),
}


@for_each("functions, names", CASES.values())
def test_folders_are_named(functions: list[FunctionSource], names: list[str]) -> None:
    assert list(folder_names(functions).values()) == names


@for_each(
    "text, name",
    [("a b/c", "a-b-c"), ("__x", "x"), ("!", "function"), ("x" * 70, f"{'x' * 57}-c71bd1")],
)
def test_any_text_becomes_a_name(text: str, name: str) -> None:
    assert fitted(text) == name
