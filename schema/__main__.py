"""Print the schema in its own language: `python -m schema > schema.graphql`."""

import sys

from schema import schema

sys.stdout.write(schema.as_str() + "\n")
