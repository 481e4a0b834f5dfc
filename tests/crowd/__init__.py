"""Many people, agents, departments and topics, made once, and what pages cost among them."""
