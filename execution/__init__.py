"""From a request's text to its answer: parsing, limits, and the one path every transport runs operations on."""

from execution.execute import Answer, Engine, Operation, Refused, Request
from execution.limits import Limits

__all__ = ["Answer", "Engine", "Limits", "Operation", "Refused", "Request"]
