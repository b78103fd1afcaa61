"""The Korean texts. ``en.py`` has the same codes with the same parameters."""

from collections.abc import Mapping

CAUSES: Mapping[str, str] = {
    # what the agent saw
    "agent_short_of_files": "점검하지 못함: 에이전트의 파일 디스크립터가 부족함",
    "agent_short_of_memory": "점검하지 못함: 에이전트의 메모리가 부족함",
    "agent_short_of_threads": "점검하지 못함: 에이전트가 스레드를 더 만들 수 없음",
    "certificate_expired": "인증서가 만료됨",
    "certificate_expired_on": "인증서가 {date}에 만료됨",
    "certificate_for_another_host": "인증서가 다른 호스트의 것임 (대상: {host})",
    "certificate_issuer_not_trusted": "인증서 발급자를 신뢰할 수 없음",
    "certificate_not_valid_before": "인증서가 {date}부터 유효함",
    "certificate_not_valid_yet": "인증서가 아직 유효하지 않음",
    "certificate_self_signed": "자체 서명된 인증서임",
    "chunks_not_valid": "응답의 청크 형식이 잘못됨",
    "client_certificate_required": "서버가 클라이언트 인증서를 요구함",
    "closed_in_handshake": "TLS 연결 실패: 연결이 닫힘",
    "closed_without_response": "응답 없이 연결이 닫힘",
    "condition_failed": "조건을 만족하지 않음: {condition}",
    "connect_too_slow": "{seconds:g}초 안에 연결되지 않음",
    "connection_failed": "연결 실패: {reason}",
    "connection_refused": "연결이 거부됨",
    "connection_reset": "연결이 끊김",
    "dns_failed": "DNS: 리졸버 {resolver}가 {host} 조회에 실패함",
    "dns_no_response": "DNS: 리졸버 {resolver}가 {host} 조회에 {seconds:g}초 안에 응답하지 않음",
    "expected_to_fail": "실패해야 하는데 정상임",
    "expected_to_fail_status": "실패해야 하는데 HTTP {status}",
    "header_not_valid": "점검하지 못함: 헤더 {name}의 값에 줄바꿈이나 제어 문자가 있음",
    "header_with_nul": "응답 헤더에 NUL 바이트가 있음",
    "header_without_colon": "응답 헤더 줄에 콜론이 없음",
    "headers_too_large": "응답 헤더가 너무 큼",
    "host_not_found": "호스트를 찾을 수 없음: {host}",
    "host_unreachable": "호스트에 연결할 수 없음",
    "http2_closed": "서버가 응답 전에 HTTP/2 연결을 끝냄",
    "http2_failed": "HTTP/2 실패: {error}",
    "http_status": "HTTP {status} {phrase}",
    "keyword_forbidden": '응답에 "{keyword}"이(가) 있음',
    "keyword_missing": '응답에 "{keyword}"이(가) 없음',
    "libcurl_error": "{text}",
    "libcurl_error_number": "libcurl 오류 {number}",
    "network_unreachable": "네트워크에 연결할 수 없음",
    "no_response": "{seconds:g}초 안에 응답 없음",
    "not_http": "HTTP 응답이 아님",
    "not_tls": "TLS 연결 실패: 서버가 이 포트에서 TLS를 쓰지 않음",
    "proxy_not_found": "프록시를 찾을 수 없음: {host}",
    "proxy_status": "프록시의 응답: HTTP {status} {phrase}",
    "response_cut_short": "응답이 도중에 끝남",
    "response_too_slow": "응답이 {seconds:g}초 안에 끝나지 않음",
    "status_not_accepted": "HTTP {status}은(는) 허용된 상태 코드가 아님",
    "tls_broken": "TLS 연결이 깨짐: {reason}",
    "tls_failed": "TLS 연결 실패: {reason}",
    "tls_too_slow": "TLS 연결이 {seconds:g}초 안에 끝나지 않음",
    "tls_version_refused": "TLS 연결 실패: 서버가 안전한 TLS 버전을 지원하지 않음",
    "too_many_redirects": "리다이렉트가 {limit}번을 넘음",
    "unsupported_scheme": "http와 https만 점검함",
    "url_not_valid": "올바른 URL이 아님",
    "value_missing": "점검하지 못함: 에이전트 환경에 {name}이(가) 없음",
    # addresses that the agent refuses to connect to; "proxy": the address is that of the proxy on the way
    "refused_link_local_address": "거부됨: {address} - 링크 로컬 주소",
    "refused_metadata_address": "거부됨: {address} - 클라우드 메타데이터 주소",
    "refused_multicast_address": "거부됨: {address} - 멀티캐스트 주소",
    "refused_private_address": "거부됨: {address} - 사설 주소 (ALLOW_PRIVATE_TARGETS 꺼짐)",
    "proxy_refused_link_local_address": "프록시 거부됨: {address} - 링크 로컬 주소",
    "proxy_refused_metadata_address": "프록시 거부됨: {address} - 클라우드 메타데이터 주소",
    "proxy_refused_multicast_address": "프록시 거부됨: {address} - 멀티캐스트 주소",
    "proxy_refused_private_address": "프록시 거부됨: {address} - 사설 주소 (ALLOW_PRIVATE_TARGETS 꺼짐)",
    # what the backend noticed
    "location_offline": "모든 점검과 연결 확인이 실패함",
    "no_checks_received": "점검이 도착하지 않음",
}

KINDS: Mapping[str, str] = {
    "OUTAGE": "장애",
    "RECOVERY": "복구",
    "CHANNEL_REFUSED": "채널 거부",
    "AGENT_SILENT": "에이전트 무응답",
    "LOCATION_OFFLINE": "위치 오프라인",
}

SUBJECTS: Mapping[str, str] = {
    "CHANNEL_REFUSED": "채널",
    "AGENT_SILENT": "에이전트",
    "LOCATION_OFFLINE": "위치",
}

UNITS: Mapping[str, str] = {
    "days": "{count}일",
    "hours": "{count}시간",
    "minutes": "{count}분",
    "seconds": "{count}초",
}

MESSAGES: Mapping[str, str] = {
    "agent": "에이전트: {agent}",
    "backend_reached": "복구 백엔드 {backend}",
    "backend_unreachable": "백엔드 연결 불가 {backend}",
    "cause": "원인: {cause}",
    "cause_unknown": "알 수 없음",
    "lasted": "지속 시간: {duration}",
    "reopened_by": "{name} 님이 직접 다시 열었음",
    "reopened_by_hand": "직접 다시 열었음",
    "resolved_by": "{name} 님이 직접 해결 처리함",
    "resolved_by_hand": "직접 해결 처리함",
    "since": "시작: {time}",
    "test": "시험 이 채널은 봉화의 메시지를 받습니다",
}
