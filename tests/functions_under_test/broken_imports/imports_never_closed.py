from never_closed import handler
