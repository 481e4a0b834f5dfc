"""Fetching: mail that lies in mailboxes on servers of others, by IMAP and POP3 (PARITY I02-I05).

`fetcher.fetch` is what a worker does with one mailbox. Every mail is stored by its place on the server before the
server is told anything, so whatever is lost in between is found again by its place.
"""
