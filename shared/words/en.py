"""The English texts. ``ko.py`` has the same codes with the same parameters."""

from collections.abc import Mapping

CAUSES: Mapping[str, str] = {
    # what the agent saw
    "agent_short_of_files": "not checked: the agent has no file descriptor left",
    "agent_short_of_memory": "not checked: the agent has no memory left",
    "agent_short_of_threads": "not checked: the agent can start no further thread",
    "certificate_expired": "certificate expired",
    "certificate_expired_on": "certificate expired on {date}",
    "certificate_for_another_host": "certificate is for another host than {host}",
    "certificate_issuer_not_trusted": "certificate issuer is not trusted",
    "certificate_not_valid_before": "certificate is not valid before {date}",
    "certificate_not_valid_yet": "certificate is not valid yet",
    "certificate_self_signed": "certificate is self-signed",
    "chunks_not_valid": "the answer's chunks are malformed",
    "client_certificate_required": "the server requires a client certificate",
    "closed_in_handshake": "TLS handshake failed: connection closed",
    "closed_without_response": "connection closed without an answer",
    "condition_failed": "condition failed: {condition}",
    "connect_too_slow": "no connection within {seconds:g} s",
    "connection_failed": "connection failed: {reason}",
    "connection_refused": "connection refused",
    "connection_reset": "connection reset",
    "dns_failed": "DNS: the resolver {resolver} could not look up {host}",
    "dns_no_response": "DNS: the resolver {resolver} did not answer for {host} within {seconds:g} s",
    "expected_to_fail": "expected to fail, but it works",
    "expected_to_fail_status": "expected to fail, but HTTP {status}",
    "header_not_valid": "not checked: the value of the header {name} has a line break or another control character",
    "header_with_nul": "a header of the answer holds a NUL byte",
    "header_without_colon": "a header line of the answer has no colon",
    "headers_too_large": "the answer's headers are too large",
    "host_not_found": "host not found: {host}",
    "host_unreachable": "host unreachable",
    "http2_closed": "the server ended the HTTP/2 connection before it answered",
    "http2_failed": "HTTP/2 failed: {error}",
    "http_status": "HTTP {status} {phrase}",
    "keyword_forbidden": 'the answer contains "{keyword}"',
    "keyword_missing": 'the answer does not contain "{keyword}"',
    "libcurl_error": "{text}",
    "libcurl_error_number": "libcurl error {number}",
    "network_unreachable": "network unreachable",
    "no_response": "no answer within {seconds:g} s",
    "not_http": "not an HTTP answer",
    "not_tls": "TLS handshake failed: the server does not speak TLS on this port",
    "proxy_not_found": "could not resolve proxy: {host}",
    "proxy_status": "the proxy answered HTTP {status} {phrase}",
    "response_cut_short": "the answer ended early",
    "response_too_slow": "the answer did not end within {seconds:g} s",
    "status_not_accepted": "HTTP {status} is not an accepted status",
    "tls_broken": "the TLS connection broke: {reason}",
    "tls_failed": "TLS handshake failed: {reason}",
    "tls_too_slow": "the TLS handshake did not end within {seconds:g} s",
    "tls_version_refused": "TLS handshake failed: the server supports no TLS version that is still secure",
    "too_many_redirects": "more than {limit} redirects",
    "unsupported_scheme": "only http and https are supported",
    "url_not_valid": "not a valid URL",
    "value_missing": "not checked: the agent's environment has no {name}",
    # addresses that the agent refuses to connect to; "proxy": the address is that of the proxy on the way
    "refused_link_local_address": "refused: {address} is a link-local address",
    "refused_metadata_address": "refused: {address} is a cloud metadata address",
    "refused_multicast_address": "refused: {address} is a multicast address",
    "refused_private_address": "refused: {address} is a private address (ALLOW_PRIVATE_TARGETS is off)",
    "proxy_refused_link_local_address": "proxy refused: {address} is a link-local address",
    "proxy_refused_metadata_address": "proxy refused: {address} is a cloud metadata address",
    "proxy_refused_multicast_address": "proxy refused: {address} is a multicast address",
    "proxy_refused_private_address": "proxy refused: {address} is a private address (ALLOW_PRIVATE_TARGETS is off)",
    # what the backend noticed
    "location_offline": "every check failed, and so did the connectivity check",
    "no_checks_received": "no checks received",
}

KINDS: Mapping[str, str] = {
    "OUTAGE": "OUTAGE",
    "RECOVERY": "RECOVERY",
    "CHANNEL_REFUSED": "CHANNEL_REFUSED",
    "AGENT_SILENT": "AGENT_SILENT",
    "LOCATION_OFFLINE": "LOCATION_OFFLINE",
}

SUBJECTS: Mapping[str, str] = {
    "CHANNEL_REFUSED": "channel",
    "AGENT_SILENT": "agent",
    "LOCATION_OFFLINE": "location",
}

UNITS: Mapping[str, str] = {
    "days": "{count} d",
    "hours": "{count} h",
    "minutes": "{count} min",
    "seconds": "{count} s",
}

MESSAGES: Mapping[str, str] = {
    "agent": "agent: {agent}",
    "backend_reached": "RECOVERY backend {backend}",
    "backend_unreachable": "BACKEND_UNREACHABLE {backend}",
    "cause": "cause: {cause}",
    "cause_unknown": "unknown",
    "lasted": "lasted {duration}",
    "reopened_by": "reopened by hand by {name}",
    "reopened_by_hand": "reopened by hand",
    "resolved_by": "resolved by hand by {name}",
    "resolved_by_hand": "resolved by hand",
    "since": "since {time}",
    "test": "TEST Bonghwa can reach this channel",
}
