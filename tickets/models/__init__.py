"""The domain: departments, help topics, tickets, their threads, people, clocks and history."""

from tickets.models.alerts import Alert, AlertRule
from tickets.models.aside import AsideReason, SetAside
from tickets.models.canned import CannedFile, CannedResponse
from tickets.models.clock import ClockSpan, TicketClock
from tickets.models.department import AlertsTo, AssignableTo, Department, DepartmentAccess
from tickets.models.erasure import Erasure, Way
from tickets.models.escalation import Does, Escalation, EscalationStep, LeftOut
from tickets.models.event import Cause, FailedHandler, Kind, TicketEvent
from tickets.models.held import HeldFile, HeldReply, Stopped, Then
from tickets.models.people import Participant, Referral
from tickets.models.states import FAR_FUTURE, PAUSED, WORKING, Awaiting, CloseReason, Source, Status
from tickets.models.thread import Attachment, EntryKind, ThreadEntry
from tickets.models.ticket import Ticket
from tickets.models.ticket_queries import TicketQuerySet
from tickets.models.timer import TicketTimer, TimerKind
from tickets.models.topic import HelpTopic

__all__ = [
    "FAR_FUTURE",
    "PAUSED",
    "WORKING",
    "Alert",
    "AlertRule",
    "AlertsTo",
    "AsideReason",
    "AssignableTo",
    "Attachment",
    "Awaiting",
    "CannedFile",
    "CannedResponse",
    "Cause",
    "ClockSpan",
    "CloseReason",
    "Department",
    "DepartmentAccess",
    "Does",
    "EntryKind",
    "Erasure",
    "Escalation",
    "EscalationStep",
    "FailedHandler",
    "HeldFile",
    "HeldReply",
    "HelpTopic",
    "Kind",
    "LeftOut",
    "Participant",
    "Referral",
    "SetAside",
    "Source",
    "Status",
    "Stopped",
    "Then",
    "ThreadEntry",
    "Ticket",
    "TicketClock",
    "TicketEvent",
    "TicketQuerySet",
    "TicketTimer",
    "TimerKind",
    "Way",
]
