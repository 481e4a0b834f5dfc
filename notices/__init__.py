"""Web notices: what agents are told of at the desk itself. A channel beside mail, with the same audience."""
