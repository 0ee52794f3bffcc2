"""From a request's text to its answer: parsing, limits, and the one path every transport runs operations on."""

from execution.command import price_command
from execution.document import Document
from execution.execute import Answer, Engine, Operation, Refused, Request
from execution.limits import COUNTED, Limits

__all__ = [
    "COUNTED",
    "Answer",
    "Document",
    "Engine",
    "Limits",
    "Operation",
    "Refused",
    "Request",
    "price_command",
]
