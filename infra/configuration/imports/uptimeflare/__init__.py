"""UptimeFlare: ``uptime.config.ts``."""
