"""The pages of asynchronous invocations; `state_store` is the protocol of where they are kept."""
