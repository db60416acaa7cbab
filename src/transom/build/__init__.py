"""What a Dockerfile means: text to instructions to steps, without doing any of them.

Vocabulary: a *node* is one logical line (parser.py), an *instruction* its typed form (instructions.py), a *stage* a
FROM and what follows it (graph.py), a *state* the image as it is after a step (state.py). solve.py walks the stages
and asks a StepRunner to do the steps; nothing here knows of the classic stream or of BuildKit's protocol.
"""
