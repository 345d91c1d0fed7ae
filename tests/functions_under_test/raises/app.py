import helper


class Outer:
    class Inner(Exception):
        pass


def plain(event, context):
    raise Exception("boom")


def deeper(event, context):
    return helper.fail(event)


def in_a_class(event, context):
    raise Outer.Inner("inside")


def key_error(event, context):
    return {}["missing"]


def empty(event, context):
    raise ValueError


def two_arguments(event, context):
    raise ValueError("one", 2)


def chained(event, context):
    try:
        return {}["first"]
    except KeyError as first:
        second = ValueError("second")
        second.add_note("with a note")
        raise second from first


def group(event, context):
    raise ExceptionGroup("eg", [ValueError(1), TypeError(2)])


def odd_arguments(event, context):
    raise ValueError({1j})


def recursive(event, context):
    return recursive(event, context)


def executed(event, context):
    exec("1 / 0")


def no_arguments():
    return 1
