"""The API: what programs written for osTicket call. The same address paths, fields, answers and status codes."""
