"""Commands around the project: what `make run` starts, and the credentials of compose.yaml."""
