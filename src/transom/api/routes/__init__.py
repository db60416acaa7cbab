"""One module per tag of the API's reference; a handler is parse, call, print."""
