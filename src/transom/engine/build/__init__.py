"""docker build: the StepRunner over the engine's own use cases, and what goes around it."""
