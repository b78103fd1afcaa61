"""One suite for every platform and both stores: the scenarios, the HTTP API and the shapes of its errors.

It asserts only what can be seen from outside: what a channel received, what the API responds, what is printed.
"""
