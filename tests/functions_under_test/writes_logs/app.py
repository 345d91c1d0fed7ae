import logging
import os
import sys
import time

if os.environ.get("AT_IMPORT"):
    logging.warning("logged at import")
    print("printed at import")
    if os.environ["AT_IMPORT"] == "raise":
        raise ValueError("no such table")
    if os.environ["AT_IMPORT"] == "exit":
        sys.exit(2)


def prints(event, context):
    print("one\ntwo\rstill two")
    print("not ended", end="")


def prints_nothing(event, context):
    pass


def logs(event, context):
    logging.debug("too low")
    logging.info("too low")
    logging.warning("low stock: %d", 3)
    logging.error("no stock")
    logging.log(25, "low")
    logging.log(35, "odd")
    logging.getLogger("shop").critical("on fire")


def logs_after_basic_config(event, context):
    logging.basicConfig(level=logging.DEBUG, format="%(message)s", stream=sys.stderr)
    logging.info("silent")
    logging.warning("loud")


def logs_after_set_level(event, context):
    logging.getLogger().setLevel("INFO")
    logging.info("loud")
    logging.getLogger().setLevel("WARNING")


def logs_lines(event, context):
    logging.warning("first\nsecond")
    print("between")
    logging.warning("third")


def logs_an_exception(event, context):
    try:
        event["missing"]
    except KeyError:
        logging.exception("caught")


def logs_extra(event, context):
    logging.warning("ordered", extra={"order": 7, "items": ["a"], "when": 1j, "nothing": None})
    logging.warning({"kind": "a dict", "size": 2})
    logging.warning("héllo")


def writes_to_context_log(event, context):
    context.log("alone")
    context.log("with its end\n")
    context.log({"any": "object"})


def looks_at_root(event, context):
    handlers = logging.getLogger().handlers
    return [type(handler).__name__ for handler in handlers] + [hasattr(handlers[0], "log_sink")]


def raises(event, context):
    raise ValueError("boom")


def raises_without_words(event, context):
    raise ValueError


def raises_lines(event, context):
    raise ValueError("first\nsecond")


def leaves(event, context):
    print("leaving")
    sys.exit(3)


def dies(event, context):
    print("dying", end="", flush=True)
    os._exit(7)


def sleeps(event, context):
    print("sleeping")
    time.sleep(60)


def prints_much(event, context):
    print("x" * event)


def prints_json(event, context):
    print('{"own": 1}')
    print('{"requestId": "mine", "functionName": "mine", "instanceId": "mine"}')
    print("{}")
    print("[1]")
    print('{"open": ')
    print('{"a": NaN}')
    print('{"two": 1} {"objects": 2}')
    print("\x1b[31mred\x00")
    sys.stdout.flush()
    sys.stdout.buffer.write(b"\xff\xfe\n")
    sys.stdout.flush()
    print("not ended", end="")
