"""The English texts. ``ko.py`` has the same codes with the same parameters."""

from collections.abc import Mapping

CAUSES: Mapping[str, str] = {
    # what the agent saw
    "certificate_expired": "certificate expired",
    "certificate_expired_on": "certificate expired on {date}",
    "certificate_for_another_host": "certificate is for another host than {host}",
    "certificate_issuer_not_trusted": "certificate issuer is not trusted",
    "certificate_not_valid_before": "certificate is not valid before {date}",
    "certificate_not_valid_yet": "certificate is not valid yet",
    "certificate_self_signed": "certificate is self-signed",
    "closed_without_response": "connection closed without an answer",
    "connection_failed": "connection failed: {reason}",
    "connection_refused": "connection refused",
    "connection_reset": "connection reset",
    "headers_too_large": "the answer's headers are too large",
    "host_not_found": "host not found: {host}",
    "host_unreachable": "host unreachable",
    "http_status": "HTTP {status} {phrase}",
    "libcurl_error": "{text}",
    "libcurl_error_number": "libcurl error {number}",
    "network_unreachable": "network unreachable",
    "no_response": "no answer within {seconds:g} s",
    "not_http": "not an HTTP answer",
    "proxy_not_found": "could not resolve proxy: {host}",
    "proxy_status": "the proxy answered HTTP {status} {phrase}",
    "response_cut_short": "the answer ended early",
    "response_too_long": "the answer did not end within {mebibytes} MiB",
    "response_too_slow": "the answer did not end within {seconds:g} s",
    "tls_failed": "TLS handshake failed: {reason}",
    "too_many_redirects": "more than {limit} redirects",
    "unsupported_scheme": "only http and https are supported",
    "url_not_valid": "not a valid URL",
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
