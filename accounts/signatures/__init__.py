"""How do programs sign their requests, how is that checked, and how is it proven again years later?

`message` reads RFC 9421 and knows no framework; `checking` says whether a request is well signed; `services` keeps
keys; `verification` does it all again from what is stored.
"""
