"""The life of a ticket as a page: docs/lifecycle.md, written from the transitions of the model."""

from collections.abc import Iterator

from django_fsm import FSMField, Transition

from tickets.models import Status, Ticket

PAGE = """\
# The life of a ticket

<!-- Written by `manage.py lifecycle_diagram --write` from the transitions of tickets/models/ticket.py. Do not edit. -->

A ticket is in one of {count} states. Only the transitions below change it, and only actions call them
([architecture.md](architecture.md), "The life of a ticket").

```mermaid
{diagram}
```

| transition | from | to | what it means |
|---|---|---|---|
{rows}

Who may call which is the policy's say (`tickets/policy.py`), proved state by state and role by role in
`tests/tickets/test_transitions_table.py`.
"""


def page() -> str:
    """Return docs/lifecycle.md as it should stand."""
    return PAGE.format(count=len(Status), diagram="\n".join(_diagram()), rows="\n".join(_rows()))


def _diagram() -> Iterator[str]:
    """Mermaid's state diagram: one arrow per pair of states, with the names of all transitions along it."""
    yield "stateDiagram-v2"
    yield f"    [*] --> {_field().default}: open"
    arrows: dict[tuple[str, str], list[str]] = {}
    for move in _moves():
        arrows.setdefault((str(move.source), str(move.target)), []).append(move.name)
    for (source, target), names in arrows.items():
        yield f"    {source} --> {target}: {', '.join(names)}"


def _rows() -> Iterator[str]:
    moves: dict[str, list[Transition]] = {}
    for move in _moves():
        moves.setdefault(move.name, []).append(move)
    for name, group in moves.items():
        targets: dict[str, list[str]] = {}
        for move in group:
            targets.setdefault(str(move.target), []).append(str(move.source))
        meaning = " ".join((group[0].method.__doc__ or "").split())
        for target, sources in targets.items():
            yield f"| {name} | {', '.join(sources)} | {target} | {meaning} |"


def _moves() -> list[Transition]:
    """All transitions, in the order of the model's methods, then of the states."""
    methods = list(vars(Ticket))
    states = list(Status.values)
    return sorted(
        _field().get_all_transitions(Ticket),
        key=lambda move: (methods.index(move.name), states.index(str(move.source)), states.index(str(move.target))),
    )


def _field() -> FSMField:
    return Ticket._meta.get_field("status")
