"""`transom`, the command line: Docker's commands, flags and output, over the Engine API.

`tree` names every command and the module it is in; a module is imported only when its command runs,
so that `transom ps` starts in a fraction of what importing all of them would take.
"""
