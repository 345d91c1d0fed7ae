"""The event queue: `event_queue` is the protocol, and each other module is one kind of queue."""
