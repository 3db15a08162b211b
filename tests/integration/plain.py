"""HTTP without TLS, which is all that the services of one machine speak.

By default a client reads the certificates of the whole internet: 25 ms of a processor each, for
thousands of clients, and for each question whether a service is up yet.
"""

from __future__ import annotations

import ssl
from functools import partial

import httpx

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Knows no certificate, so that it would trust nobody."""
Client = partial(httpx.Client, verify=NO_TLS)
AsyncClient = partial(httpx.AsyncClient, verify=NO_TLS)
get = partial(httpx.get, verify=NO_TLS)
post = partial(httpx.post, verify=NO_TLS)
request = partial(httpx.request, verify=NO_TLS)
