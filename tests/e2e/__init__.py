"""The help desk as people meet it: in a browser, with its worker running and its mails arriving."""
