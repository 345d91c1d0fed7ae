def handler(event, context):
    return 1
     # deeper
      return 2
