"""The causes of outages in words for visitors, who read no host, no port and no text of a library."""

from collections.abc import Mapping

# The causes by the code of what visitors are told of them. Each cause has its place here, since a wrong one says of a
# service that responds that it does not, or of a job that it should have responded.
TOLD: Mapping[str, tuple[str, ...]] = {
    "no_answer": (
        *("closed_in_handshake", "closed_without_response", "connect_too_slow", "connection_failed"),
        *("connection_refused", "connection_reset", "dns_failed", "dns_no_response", "host_not_found"),
        *("host_unreachable", "http2_closed", "http3_not_connected", "network_unreachable", "no_response"),
        *("ping_without_reply", "response_too_slow", "tls_broken", "tls_failed", "tls_too_slow"),
    ),
    "wrong_answer": (
        *("body_compressed", "body_cut_here"),
        *("body_cut", "chunks_not_valid", "client_certificate_required", "condition_failed", "dns_no_answer"),
        *("dns_rcode", "dns_response_not_valid", "grpc_failed", "grpc_not_serving", "header_with_nul"),
        *("header_without_colon", "headers_too_large", "http2_failed", "http2_not_spoken", "http_status"),
        *("keyword_forbidden", "keyword_missing", "login_not_offered", "login_refused", "not_docker", "not_grpc"),
        *("not_http", "not_tls"),
        *("protocol_not_spoken", "query_failed", "response_cut_short", "service_refused", "starttls_not_offered"),
        *("status_not_accepted", "tls_version_refused", "too_many_redirects", "websocket_refused"),
    ),
    "certificate": (
        *("certificate_expires", "certificate_expired", "certificate_expired_on", "certificate_for_another_host"),
        *("certificate_issuer_not_trusted", "certificate_not_valid_before", "certificate_not_valid_yet"),
        "certificate_self_signed",
    ),
    "slow_answer": ("slow_response",),
    # It is no service that responds, or nobody could ask it, or it responds where it should not.
    "not_well": (
        *("agent_defect", "agent_short_of_files", "agent_short_of_memory", "agent_short_of_threads"),
        *("ca_certificate_not_usable", "client_certificate_not_usable", "condition_not_usable", "docker_not_running"),
        *("docker_out_of_reach", "docker_starting", "docker_unhealthy", "docker_unhealthy_silently"),
        *("docker_unknown_container", "drill", "drill_not_acknowledged", "drill_to_acknowledge", "exit_code"),
        *("exit_code_and_text", "expected_to_fail", "expected_to_fail_status", "failure_reported"),
        *("file_not_readable", "header_not_valid", "http3_needs_https", "http3_not_supported", "key_not_readable"),
        *("libcurl_error", "libcurl_error_number", "location_offline", "no_checks_received", "no_ping_since"),
        *("oauth2_no_token", "oauth2_refused", "oauth2_unreachable", "ping_not_allowed", "proxy_not_found"),
        *("proxy_closed_without_response", "proxy_connection_refused", "proxy_failed", "proxy_no_response"),
        *("proxy_not_valid", "proxy_status"),
        *("resolver_not_address", "starttls_unknown", "unsupported_scheme", "url_not_valid"),
        *("value_missing", "refused_link_local_address", "refused_metadata_address", "refused_multicast_address"),
        *("refused_private_address", "proxy_refused_link_local_address", "proxy_refused_metadata_address"),
        *("proxy_refused_multicast_address", "proxy_refused_private_address"),
    ),
}
_TOLD_OF = {cause: told for told, causes in TOLD.items() for cause in causes}


def visitors_cause(cause: str | None) -> str:
    """The code of what visitors are told of an outage's cause, which may be one that a newer agent sent."""
    return _TOLD_OF.get(cause or "", "not_well")
