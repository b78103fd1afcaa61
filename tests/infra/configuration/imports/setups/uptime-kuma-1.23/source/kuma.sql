-- What Uptime Kuma itself wrote, in the layout of 1.23, when we filled in its forms: rows that differ from the columns'
-- defaults. Its npm package 2.0.0-dev.0 wrote them, as a client of its socket asked it to.
INSERT INTO "monitor" (id, name, user_id, interval, url, type, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (1, 'Web', 1, 60, 'https://', 'group', 1, 'A', '1.1.1.1', 60, '', 0, '', '', '', '', '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, parent, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (2, 'Inner', 1, 60, 'https://', 'group', 1, 'A', '1.1.1.1', 60, '', 0, '', '', '', '', 1, '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (3, 'Empty', 1, 60, 'https://', 'group', 1, 'A', '1.1.1.1', 60, '', 0, '', '', '', '', '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, active, user_id, interval, url, type, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (4, 'Paused group', 0, 1, 60, 'https://', 'group', 1, 'A', '1.1.1.1', 60, '', 0, '', '', '', '', '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, docker_container, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, http_body_encoding, description, parent, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (5, 'Home', 1, 60, 'http://127.0.0.1:9/', 'http', 1, 'A', '1.1.1.1', 60, '', '', '', '', '', 'json', 'the front
door', 1, '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, docker_container, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, resend_interval, http_body_encoding, parent, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (6, 'Shop', 1, 120, 'https://127.0.0.1:9/shop?q=1&t=$x', 'http', 3, 'A', '1.1.1.1', 30, '', '', '', '', '', 10, 'json', 2, '[]', '{"mechanism":"None"}', 'client_secret_basic', 30);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, maxretries, accepted_statuscodes_json, dns_resolve_type, dns_resolve_server, retry_interval, method, body, headers, basic_auth_user, basic_auth_pass, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, auth_method, http_body_encoding, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (7, 'Post', 1, 60, 'http://127.0.0.1:9/api', 'http', 1, '["200-299","401","403"]', 'A', '1.1.1.1', 60, 'POST', '{
    "a": {
        "b": 1
    }
}', '{
    "X-Token": "s3cret-token",
    "Accept": "application/json"
}', 'me', 'p:ss w/rd', '', 0, '', '', '', '', 'basic', 'json', '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, auth_method, http_body_encoding, kafka_producer_brokers, kafka_producer_sasl_options, oauth_client_id, oauth_client_secret, oauth_token_url, oauth_scopes, oauth_auth_method, timeout)
  VALUES (9, 'OAuth', 1, 60, 'https://127.0.0.1:9/o', 'http', 1, 'A', '1.1.1.1', 60, '', 0, '', '', '', '', 'oauth2-cc', 'json', '[]', '{"mechanism":"None"}', 'cid', 'csec', 'https://127.0.0.1:9/token', 'a b', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, basic_auth_user, basic_auth_pass, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, auth_method, auth_domain, auth_workstation, http_body_encoding, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (11, 'NTLM', 1, 60, 'http://127.0.0.1:9/n', 'http', 1, 'A', '1.1.1.1', 60, 'u', 'p', '', 0, '', '', '', '', 'ntlm', 'D', 'W', 'json', '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, keyword, maxretries, ignore_tls, maxredirects, dns_resolve_type, dns_resolve_server, retry_interval, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, http_body_encoding, description, kafka_producer_brokers, kafka_producer_allow_auto_topic_creation, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (13, 'Keyword', 1, 60, 'http://127.0.0.1:9/', 'keyword', 'hello ${x}', 1, 1, 0, 'A', '1.1.1.1', 60, '', 0, '', '', '', '', 'json', 'edited', '[]', '0', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, keyword, maxretries, ignore_tls, maxredirects, dns_resolve_type, dns_resolve_server, retry_interval, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, http_body_encoding, invert_keyword, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (14, 'No keyword', 1, 60, 'https://127.0.0.1:9/', 'keyword', 'error', 1, 1, 3, 'A', '1.1.1.1', 60, '', 0, '', '', '', '', 'json', 1, '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, http_body_encoding, json_path, expected_value, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (15, 'JSON', 1, 60, 'http://127.0.0.1:9/j', 'json-query', 1, 'A', '1.1.1.1', 60, '', 0, '', '', '', '', 'json', 'data.items[0].state', 'ok', '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, http_body_encoding, json_path, expected_value, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (16, 'JSONata', 1, 60, 'http://127.0.0.1:9/j', 'json-query', 1, 'A', '1.1.1.1', 60, '', 0, '', '', '', '', 'json', '$count(items)', '3', '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, maxretries, upside_down, dns_resolve_type, dns_resolve_server, retry_interval, docker_container, proxy_id, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, http_body_encoding, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (17, 'Upside down', 1, 60, 'http://127.0.0.1:9/', 'http', 1, 1, 'A', '1.1.1.1', 60, '', 1, 0, '', '', '', '', 'json', '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, hostname, port, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, parent, kafka_producer_brokers, kafka_producer_allow_auto_topic_creation, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (18, 'SSH port', 1, 60, 'https://', 'port', '127.0.0.1', 22, 1, 'A', '1.1.1.1', 60, '', 0, '', '', '', '', 5, '[]', '0', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, hostname, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, packet_size, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (19, 'Ping', 1, 60, 'https://', 'ping', '127.0.0.1', 1, 'A', '1.1.1.1', 60, '', 0, '', '', '', '', 100, '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, hostname, port, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (21, 'DNS', 1, 60, 'https://', 'dns', 'example.org', 53, 1, 'A', '1.1.1.1', 60, '', 0, '', '', '', '', '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, hostname, port, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (22, 'DNS MX', 1, 60, 'https://', 'dns', 'example.org', 5353, 1, 'MX', '1.1.1.1, 8.8.8.8', 60, '', 0, '', '', '', '', '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, docker_host, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (23, 'Container', 1, 60, 'https://', 'docker', 1, 'A', '1.1.1.1', 60, 1, 'web', 0, '', '', '', '', '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, docker_host, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (24, 'Container far', 1, 60, 'https://', 'docker', 1, 'A', '1.1.1.1', 60, 2, 'web', 0, '', '', '', '', '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, dns_resolve_type, dns_resolve_server, retry_interval, push_token, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (25, 'Backup', 1, 86400, 'https://', 'push', 'A', '1.1.1.1', 86400, 'aB3dE5fG7h', '', 0, '', '', '', '', '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, push_token, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (26, 'Push retry', 1, 60, 'https://', 'push', 2, 'A', '1.1.1.1', 20, 'zY9xW8vU7t', '', 0, '', '', '', '', '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, database_connection_string, database_query, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (27, 'PG', 1, 60, 'https://', 'postgres', 1, 'A', '1.1.1.1', 60, '', 0, '', '', '', '', 'postgres://user:s3cret@127.0.0.1:9/db', 'SELECT 1', '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, database_connection_string, database_query, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (28, 'MySQL', 1, 60, 'https://', 'mysql', 1, 'A', '1.1.1.1', 60, '', 0, '', '', '', '', 'mysql://user:s3cret@127.0.0.1:9/db', 'SELECT 1', '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, database_connection_string, database_query, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (29, 'MS SQL', 1, 60, 'https://', 'sqlserver', 1, 'A', '1.1.1.1', 60, '', 0, '', '', '', '', 'Server=127.0.0.1,9;Database=x;User Id=a;Password=b;', 'SELECT 1', '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, database_connection_string, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (30, 'Redis', 1, 60, 'https://', 'redis', 1, 'A', '1.1.1.1', 60, '', 0, '', '', '', '', 'redis://user:s3cret@127.0.0.1:9', '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, database_connection_string, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (31, 'Mongo', 1, 60, 'https://', 'mongodb', 1, 'A', '1.1.1.1', 60, '', 0, '', '', '', '', 'mongodb://user:s3cret@127.0.0.1:9/db', '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, hostname, port, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (32, 'MQTT', 1, 60, 'https://', 'mqtt', '127.0.0.1', 1883, 1, 'A', '1.1.1.1', 60, '', 0, 'a/b', 'ok', 'u', 'p w', '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, keyword, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, grpc_url, grpc_protobuf, grpc_body, grpc_method, grpc_service_name, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (34, 'gRPC', 1, 60, 'https://', 'grpc-keyword', 'SERVING', 1, 'A', '1.1.1.1', 60, '', 0, '', '', '', '', '127.0.0.1:9', 'syntax = "proto3";', '{"service": "shop"}', 'check', 'Health', '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, kafka_producer_topic, kafka_producer_brokers, kafka_producer_ssl, kafka_producer_allow_auto_topic_creation, kafka_producer_sasl_options, kafka_producer_message, oauth_auth_method, timeout)
  VALUES (38, 'Kafka', 1, 60, 'https://', 'kafka-producer', 1, 'A', '1.1.1.1', 60, '', 0, '', '', '', '', 't', '["127.0.0.1:9"]', 0, '0', '{"mechanism":"None"}', 'm', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, active, user_id, interval, url, type, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, http_body_encoding, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (39, 'Paused', 0, 1, 60, 'http://127.0.0.1:9/', 'http', 1, 'A', '1.1.1.1', 60, '', 0, '', '', '', '', 'json', '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, http_body_encoding, parent, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (40, 'Under paused', 1, 60, 'http://127.0.0.1:9/', 'http', 1, 'A', '1.1.1.1', 60, '', 0, '', '', '', '', 'json', 4, '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, http_body_encoding, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (41, 'Same', 1, 60, 'http://127.0.0.1:9/1', 'http', 1, 'A', '1.1.1.1', 60, '', 0, '', '', '', '', 'json', '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, http_body_encoding, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (42, 'Same', 1, 60, 'http://127.0.0.1:9/2', 'http', 1, 'A', '1.1.1.1', 60, '', 0, '', '', '', '', 'json', '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "monitor" (id, name, user_id, interval, url, type, maxretries, dns_resolve_type, dns_resolve_server, retry_interval, docker_container, expiry_notification, mqtt_topic, mqtt_success_message, mqtt_username, mqtt_password, http_body_encoding, kafka_producer_brokers, kafka_producer_sasl_options, oauth_auth_method, timeout)
  VALUES (43, '봉화 ''ok'' "q" 🔥', 1, 60, 'http://127.0.0.1:9/봉화', 'http', 1, 'A', '1.1.1.1', 60, '', 0, '', '', '', '', 'json', '[]', '{"mechanism":"None"}', 'client_secret_basic', 48);
INSERT INTO "notification" (id, name, config, user_id, is_default)
  VALUES (1, 'My Telegram Alert (1)', '{"name":"My Telegram Alert (1)","type":"telegram","isDefault":true,"applyExisting":false,"telegramBotToken":"123456:ABC-def","telegramChatID":"-1001234567890","telegramMessageThreadID":"7","telegramSendSilently":true,"telegramProtectContent":true}', 1, 1);
INSERT INTO "notification" (id, name, config, user_id)
  VALUES (2, 'Ops Slack', '{"name":"Ops Slack","type":"slack","isDefault":false,"applyExisting":false,"slackwebhookURL":"https://hooks.slack.com/services/T0/B0/secret","slackusername":"Kuma","slackiconemo":":bear:","slackchannel":"#ops","slackchannelnotify":true}', 1);
INSERT INTO "notification" (id, name, config, user_id)
  VALUES (3, 'Discord', '{"name":"Discord","type":"discord","isDefault":false,"applyExisting":false,"discordWebhookUrl":"https://discord.com/api/webhooks/1/abc","discordUsername":"kuma","discordPrefixMessage":"hey"}', 1);
INSERT INTO "notification" (id, name, config, user_id)
  VALUES (4, 'Mail', '{"name":"Mail","type":"smtp","isDefault":false,"applyExisting":false,"smtpHost":"mail.example.com","smtpPort":587,"smtpSecure":false,"smtpUsername":"bonghwa","smtpPassword":"p@ss word","smtpFrom":"\"Uptime Kuma\" <kuma@example.com>","smtpTo":"a@example.com, b@example.com","smtpCC":"c@example.com","smtpBCC":"hidden@example.com","customSubject":"{{NAME}} {{STATUS}}"}', 1);
INSERT INTO "notification" (id, name, config, user_id)
  VALUES (5, 'Mail TLS', '{"name":"Mail TLS","type":"smtp","isDefault":false,"applyExisting":false,"smtpHost":"mail.example.com","smtpPort":465,"smtpSecure":true,"smtpIgnoreTLSError":true,"smtpFrom":"kuma@example.com","smtpTo":"a@example.com"}', 1);
INSERT INTO "notification" (id, name, config, user_id)
  VALUES (6, 'ntfy', '{"name":"ntfy","type":"ntfy","isDefault":false,"applyExisting":false,"ntfyserverurl":"https://ntfy.sh","ntfytopic":"mytopic","ntfyPriority":5,"ntfyAuthenticationMethod":"usernamePassword","ntfyusername":"u","ntfypassword":"s3cret","ntfyIcon":"https://example.com/i.png"}', 1);
INSERT INTO "notification" (id, name, config, user_id)
  VALUES (7, 'ntfy token', '{"name":"ntfy token","type":"ntfy","isDefault":false,"applyExisting":false,"ntfyserverurl":"https://ntfy.example.com","ntfytopic":"mytopic","ntfyPriority":4,"ntfyAuthenticationMethod":"accessToken","ntfyaccesstoken":"tk_abc"}', 1);
INSERT INTO "notification" (id, name, config, user_id)
  VALUES (8, 'Gotify', '{"name":"Gotify","type":"gotify","isDefault":false,"applyExisting":false,"gotifyserverurl":"https://gotify.example.com/","gotifyapplicationToken":"AbC","gotifyPriority":8}', 1);
INSERT INTO "notification" (id, name, config, user_id)
  VALUES (9, 'Pushover', '{"name":"Pushover","type":"pushover","isDefault":false,"applyExisting":false,"pushoveruserkey":"uQiRzpo4DXghDmr9QzzfQu27cmVRsG","pushoverapptoken":"azGDORePK8gMaC0QOYAMyEEuzJnyUi","pushoverdevice":"phone","pushovertitle":"T","pushoverpriority":"1","pushoversounds":"siren","pushoversounds_up":"magic"}', 1);
INSERT INTO "notification" (id, name, config, user_id)
  VALUES (10, 'PagerDuty', '{"name":"PagerDuty","type":"PagerDuty","isDefault":false,"applyExisting":false,"pagerdutyIntegrationKey":"R0UT1NGKEY0000000000000000000000","pagerdutyIntegrationUrl":"https://events.pagerduty.com/v2/enqueue","pagerdutyPriority":"critical","pagerdutyAutoResolve":"resolve"}', 1);
INSERT INTO "notification" (id, name, config, user_id)
  VALUES (11, 'Webhook', '{"name":"Webhook","type":"webhook","isDefault":false,"applyExisting":false,"webhookURL":"https://hook.example.com/x","webhookContentType":"json","webhookAdditionalHeaders":"{\n    \"Authorization\": \"Bearer abc\"\n}"}', 1);
INSERT INTO "notification" (id, name, config, user_id)
  VALUES (12, 'Webhook custom', '{"name":"Webhook custom","type":"webhook","isDefault":false,"applyExisting":false,"webhookURL":"https://hook.example.com/y","webhookContentType":"custom","webhookCustomBody":"{\"Title\": \"{{ monitorJSON[''name''] }}\"}"}', 1);
INSERT INTO "notification" (id, name, config, user_id)
  VALUES (13, 'Webhook form', '{"name":"Webhook form","type":"webhook","isDefault":false,"applyExisting":false,"webhookURL":"https://hook.example.com/z","webhookContentType":"form-data"}', 1);
INSERT INTO "notification" (id, name, config, user_id)
  VALUES (14, 'Teams', '{"name":"Teams","type":"teams","isDefault":false,"applyExisting":false,"webhookUrl":"https://example.webhook.office.com/webhookb2/x"}', 1);
INSERT INTO "notification" (id, name, config, user_id)
  VALUES (15, 'Mattermost', '{"name":"Mattermost","type":"mattermost","isDefault":false,"applyExisting":false,"mattermostWebhookUrl":"https://mm.example.com/hooks/x","mattermostusername":"kuma","mattermostchannel":"ops","mattermosticonurl":"","mattermosticonemo":":x:"}', 1);
INSERT INTO "notification" (id, name, config, user_id)
  VALUES (16, 'Google Chat', '{"name":"Google Chat","type":"GoogleChat","isDefault":false,"applyExisting":false,"googleChatWebhookURL":"https://chat.googleapis.com/v1/spaces/AAA/messages?key=k&token=t"}', 1);
INSERT INTO "notification" (id, name, config, user_id)
  VALUES (17, 'Matrix', '{"name":"Matrix","type":"matrix","isDefault":false,"applyExisting":false,"homeserverUrl":"https://matrix.example.org","internalRoomId":"!abc:example.org","accessToken":"syt_x"}', 1);
INSERT INTO "notification" (id, name, config, user_id)
  VALUES (18, 'Rocket', '{"name":"Rocket","type":"rocket.chat","isDefault":false,"applyExisting":false,"rocketwebhookURL":"https://rocket.example.com/hooks/a/b","rocketchannel":"#ops","rocketusername":"kuma","rocketiconemo":":x:"}', 1);
INSERT INTO "notification" (id, name, config, user_id)
  VALUES (19, 'Signal', '{"name":"Signal","type":"signal","isDefault":false,"applyExisting":false,"signalURL":"http://localhost:8080/v2/send","signalNumber":"+4912345678","signalRecipients":"+4912345679,+4912345670"}', 1);
INSERT INTO "notification" (id, name, config, user_id)
  VALUES (20, 'Pushbullet', '{"name":"Pushbullet","type":"pushbullet","isDefault":false,"applyExisting":false,"pushbulletAccessToken":"o.abcdefghijklmnopqrstuvwxyz012345"}', 1);
INSERT INTO "notification" (id, name, config, user_id)
  VALUES (21, 'Bark', '{"name":"Bark","type":"Bark","isDefault":false,"applyExisting":false,"barkEndpoint":"https://api.day.app/KEYKEY","barkGroup":"g","barkSound":"telegraph"}', 1);
INSERT INTO "notification" (id, name, config, user_id)
  VALUES (22, 'Feishu', '{"name":"Feishu","type":"Feishu","isDefault":false,"applyExisting":false,"feishuWebHookUrl":"https://open.feishu.cn/open-apis/bot/v2/hook/0123-abc"}', 1);
INSERT INTO "notification" (id, name, config, user_id)
  VALUES (23, 'WeCom', '{"name":"WeCom","type":"WeCom","isDefault":false,"applyExisting":false,"weComBotKey":"693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"}', 1);
INSERT INTO "notification" (id, name, config, user_id)
  VALUES (24, 'ServerChan', '{"name":"ServerChan","type":"ServerChan","isDefault":false,"applyExisting":false,"serverChanSendKey":"SCT123"}', 1);
INSERT INTO "notification" (id, name, config, user_id)
  VALUES (25, 'Apprise', '{"name":"Apprise","type":"apprise","isDefault":false,"applyExisting":false,"appriseURL":"tgram://123:abc/456","title":"T"}', 1);
INSERT INTO "notification" (id, name, config, user_id)
  VALUES (26, 'LINE', '{"name":"LINE","type":"line","isDefault":false,"applyExisting":false,"lineChannelAccessToken":"x","lineUserID":"y"}', 1);
INSERT INTO "notification" (id, name, config, user_id)
  VALUES (27, 'Twilio', '{"name":"Twilio","type":"twilio","isDefault":false,"applyExisting":false,"twilioAccountSID":"AC1","twilioAuthToken":"t","twilioFromNumber":"+1","twilioToNumber":"+2"}', 1);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (1, 2, 1);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (2, 5, 1);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (3, 5, 2);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (4, 6, 3);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (5, 6, 4);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (6, 39, 11);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (7, 42, 1);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (8, 42, 2);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (9, 42, 3);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (10, 42, 4);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (11, 42, 5);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (12, 42, 6);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (13, 42, 7);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (14, 42, 8);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (15, 42, 9);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (16, 42, 10);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (17, 42, 11);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (18, 42, 12);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (19, 42, 13);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (20, 42, 14);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (21, 42, 15);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (22, 42, 16);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (23, 42, 17);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (24, 42, 18);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (25, 42, 19);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (26, 42, 20);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (27, 42, 21);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (28, 42, 22);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (29, 42, 23);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (30, 42, 24);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (31, 42, 25);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (32, 42, 26);
INSERT INTO "monitor_notification" (id, monitor_id, notification_id)
  VALUES (33, 42, 27);
INSERT INTO "tag" (id, name, color)
  VALUES (1, 'prod', '#059669');
INSERT INTO "tag" (id, name, color)
  VALUES (2, 'team', '#DC2626');
INSERT INTO "monitor_tag" (id, monitor_id, tag_id, value)
  VALUES (1, 5, 1, '');
INSERT INTO "monitor_tag" (id, monitor_id, tag_id, value)
  VALUES (2, 5, 2, 'web & co');
INSERT INTO "monitor_tag" (id, monitor_id, tag_id, value)
  VALUES (3, 25, 2, 'ops');
INSERT INTO "monitor_tag" (id, monitor_id, tag_id, value)
  VALUES (4, 1, 1, '');
INSERT INTO "proxy" (id, user_id, protocol, host, port, auth, username, password)
  VALUES (1, 1, 'socks5', '127.0.0.1', 1080, 1, 'pu', 'p:w');
INSERT INTO "docker_host" (id, user_id, docker_daemon, docker_type, name)
  VALUES (1, 1, '/var/run/docker.sock', 'socket', 'Local');
INSERT INTO "docker_host" (id, user_id, docker_daemon, docker_type, name)
  VALUES (2, 1, 'http://10.0.0.2:2375', 'tcp', 'Remote');
INSERT INTO "setting" (id, "key", value)
  VALUES (1, 'database_version', '10');
INSERT INTO "setting" (id, "key", value)
  VALUES (4, 'initServerTimezone', 'true');
INSERT INTO "setting" (id, "key", value, type)
  VALUES (5, 'serverTimezone', '"Asia/Seoul"', 'general');
INSERT INTO "setting" (id, "key", value, type)
  VALUES (6, 'entryPage', '"statusPage-second"', 'general');
INSERT INTO "setting" (id, "key", value, type)
  VALUES (7, 'tlsExpiryNotifyDays', '[7,14,30]', 'general');
INSERT INTO "maintenance" (id, title, description, user_id, start_date, end_date, interval_day)
  VALUES (1, 'Single', '**why**', 1, '2027-01-10T02:00', '2027-01-10T04:30', 1);
INSERT INTO "maintenance" (id, title, description, user_id, start_date, end_date, interval_day, timezone)
  VALUES (2, 'Over', '', 1, '2020-01-10T02:00', '2020-01-10T04:30', 1, 'UTC');
INSERT INTO "maintenance" (id, title, description, user_id, start_date, end_date, interval_day, timezone)
  VALUES (3, 'Server zone', '', 1, '2027-02-10T02:00', '2027-02-10T04:30', 1, 'SAME_AS_SERVER');
INSERT INTO "maintenance" (id, title, description, user_id, start_date, end_date, interval_day, timezone)
  VALUES (4, 'Berlin', '', 1, '2027-02-10T02:00', '2027-02-10T04:30', 1, 'Europe/Berlin');
INSERT INTO "maintenance" (id, title, description, user_id, strategy, interval_day, cron, timezone, duration)
  VALUES (5, 'Cron', '', 1, 'cron', 1, '30 3 * * 1', 'SAME_AS_SERVER', 5400);
INSERT INTO "maintenance" (id, title, description, user_id, strategy, start_time, end_time, interval_day, cron, timezone, duration)
  VALUES (6, 'Every third day', '', 1, 'recurring-interval', '02:00', '03:00', 3, '0 2 */3 * *', 'SAME_AS_SERVER', 3600);
INSERT INTO "maintenance" (id, title, description, user_id, strategy, start_time, end_time, interval_day, cron, duration)
  VALUES (7, 'Daily', '', 1, 'recurring-interval', '23:30', '00:15', 1, '30 23 */1 * *', 2700);
INSERT INTO "maintenance" (id, title, description, user_id, strategy, start_time, end_time, weekdays, interval_day, cron, timezone, duration)
  VALUES (8, 'Weekly', '', 1, 'recurring-weekday', '02:00', '03:00', '[1,0]', 1, '0 2 * * 0,1', 'Asia/Seoul', 3600);
INSERT INTO "maintenance" (id, title, description, user_id, strategy, start_time, end_time, days_of_month, interval_day, cron, timezone, duration)
  VALUES (9, 'Monthly', '', 1, 'recurring-day-of-month', '02:00', '03:00', '[1,15,"lastDay1"]', 1, '0 2 1,15,L * *', 'UTC', 3600);
INSERT INTO "maintenance" (id, title, description, user_id, strategy, start_date, end_date, start_time, end_time, weekdays, interval_day, cron, timezone, duration)
  VALUES (10, 'Limited', '', 1, 'recurring-weekday', '2026-12-24T00:00', '2027-03-01T00:00', '02:00', '03:00', '[6]', 1, '0 2 * * 6', 'UTC', 3600);
INSERT INTO "maintenance" (id, title, description, user_id, strategy, interval_day)
  VALUES (11, 'Manual', '', 1, 'manual', 1);
INSERT INTO "maintenance" (id, title, description, user_id, active, strategy, interval_day, cron, timezone, duration)
  VALUES (12, 'Off', '', 1, 0, 'cron', 1, '0 0 * * *', 'UTC', 3600);
INSERT INTO "monitor_maintenance" (id, monitor_id, maintenance_id)
  VALUES (1, 5, 1);
INSERT INTO "monitor_maintenance" (id, monitor_id, maintenance_id)
  VALUES (2, 6, 1);
INSERT INTO "monitor_maintenance" (id, monitor_id, maintenance_id)
  VALUES (3, 5, 2);
INSERT INTO "monitor_maintenance" (id, monitor_id, maintenance_id)
  VALUES (4, 1, 3);
INSERT INTO "monitor_maintenance" (id, monitor_id, maintenance_id)
  VALUES (5, 25, 4);
INSERT INTO "monitor_maintenance" (id, monitor_id, maintenance_id)
  VALUES (6, 5, 5);
INSERT INTO "monitor_maintenance" (id, monitor_id, maintenance_id)
  VALUES (7, 5, 6);
INSERT INTO "monitor_maintenance" (id, monitor_id, maintenance_id)
  VALUES (8, 5, 7);
INSERT INTO "monitor_maintenance" (id, monitor_id, maintenance_id)
  VALUES (9, 5, 8);
INSERT INTO "monitor_maintenance" (id, monitor_id, maintenance_id)
  VALUES (10, 21, 8);
INSERT INTO "monitor_maintenance" (id, monitor_id, maintenance_id)
  VALUES (11, 5, 9);
INSERT INTO "monitor_maintenance" (id, monitor_id, maintenance_id)
  VALUES (12, 5, 10);
INSERT INTO "monitor_maintenance" (id, monitor_id, maintenance_id)
  VALUES (13, 22, 11);
INSERT INTO "monitor_maintenance" (id, monitor_id, maintenance_id)
  VALUES (14, 5, 12);
INSERT INTO "status_page" (id, slug, title, description, icon, theme, show_tags, modified_date, footer_text, custom_css, show_certificate_expiry)
  VALUES (1, 'public', 'Public', 'All of it', '', 'dark', 1, '2026-11-30 19:52:41', 'by **us**', 'body {
  
}
', 1);
INSERT INTO "status_page" (id, slug, title, icon, theme, modified_date)
  VALUES (2, 'second', 'Second', '', 'auto', '2026-11-30 19:52:41');
INSERT INTO "status_page_cname" (id, status_page_id, domain)
  VALUES (1, 1, 'status.example.com');
INSERT INTO "group" (id, name, public, weight, status_page_id)
  VALUES (1, 'Services', 1, 1, 1);
INSERT INTO "group" (id, name, public, weight, status_page_id)
  VALUES (2, 'Jobs', 1, 2, 1);
INSERT INTO "group" (id, name, public, weight, status_page_id)
  VALUES (3, 'Services', 1, 1, 2);
INSERT INTO "monitor_group" (id, monitor_id, group_id, weight, send_url)
  VALUES (1, 5, 1, 1, 1);
INSERT INTO "monitor_group" (id, monitor_id, group_id, weight)
  VALUES (2, 21, 1, 2);
INSERT INTO "monitor_group" (id, monitor_id, group_id, weight)
  VALUES (3, 25, 2, 1);
INSERT INTO "monitor_group" (id, monitor_id, group_id, weight)
  VALUES (4, 1, 2, 2);
INSERT INTO "monitor_group" (id, monitor_id, group_id, weight)
  VALUES (5, 6, 3, 1);
INSERT INTO "incident" (id, title, content, status_page_id)
  VALUES (1, 'Broken', 'since **noon**', 1);
INSERT INTO "heartbeat" (id, important, monitor_id, status, msg, time)
  VALUES (1, 1, 1, 2, 'Child inaccessible', '2026-11-30 10:52:32.124');
INSERT INTO "heartbeat" (id, important, monitor_id, status, msg, time)
  VALUES (2, 1, 2, 2, 'Group empty', '2026-11-30 10:52:32.174');
