"""The domain: departments, help topics, tickets, their threads, people, clocks and history."""

from tickets.models.clock import ClockSpan, TicketClock
from tickets.models.department import AssignableTo, Department, DepartmentAccess
from tickets.models.erasure import Erasure, Way
from tickets.models.event import Cause, FailedHandler, Kind, TicketEvent
from tickets.models.people import Participant, Referral
from tickets.models.thread import Attachment, EntryKind, ThreadEntry
from tickets.models.ticket import FAR_FUTURE, Awaiting, CloseReason, Source, Status, Ticket
from tickets.models.timer import TicketTimer, TimerKind
from tickets.models.topic import HelpTopic

__all__ = [
    "FAR_FUTURE",
    "AssignableTo",
    "Attachment",
    "Awaiting",
    "Cause",
    "ClockSpan",
    "CloseReason",
    "Department",
    "DepartmentAccess",
    "EntryKind",
    "Erasure",
    "FailedHandler",
    "HelpTopic",
    "Kind",
    "Participant",
    "Referral",
    "Source",
    "Status",
    "ThreadEntry",
    "Ticket",
    "TicketClock",
    "TicketEvent",
    "TicketTimer",
    "TimerKind",
    "Way",
]
