"""The HTTP door: the /graphql handler, who is calling, health, metrics and the query page."""
