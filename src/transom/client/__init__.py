"""A synchronous client of the Engine API, on the standard library alone.

`endpoint` says where to connect, `http` speaks HTTP/1.1 over that socket, `engine` adds the API's
version and its errors, `frames` and `jsonstream` read what streams carry, `autostart` brings an
engine up where none listens. Nothing here prints.
"""
