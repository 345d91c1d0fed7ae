from neighbour import absent


def handler(event, context):
    return absent
