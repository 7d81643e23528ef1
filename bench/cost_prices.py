"""List prices, USD, us-east-1, without any free tier; `docs/cost.md` says where each was read."""

from __future__ import annotations

READ_ON = "2026-11-23"

#: Per GB-second on arm64, and per request.
LAMBDA_GB_SECOND, LAMBDA_REQUEST = 0.0000133334, 0.20e-6
#: Per request unit on demand; per GB and month, stored and backed up continuously.
DYNAMO_READ, DYNAMO_WRITE = 0.125e-6, 0.625e-6
DYNAMO_GB, DYNAMO_BACKUP_GB = 0.25, 0.20
SQS_REQUEST = 0.40e-6
SECRET, SECRET_CALL = 0.40, 0.05 / 10_000
KMS_KEY, KMS_REQUEST = 1.00, 0.03 / 10_000
SCHEDULE = 1.00e-6
TRACE = 5.00e-6
S3_PUT, S3_GB = 0.005 / 1_000, 0.023
#: CloudWatch: a metric, an alarm on one metric, a dashboard; per GB logged, kept for a month, and
#: read by a log query.
METRIC, ALARM, DASHBOARD = 0.30, 0.10, 3.00
LOG_GB, LOG_KEPT_GB, LOG_READ_GB = 0.50, 0.03, 0.005
#: What CloudWatch gives for nothing every month: metrics, alarms, dashboards, GB of logs.
FREE_METRICS, FREE_ALARMS, FREE_DASHBOARDS, FREE_LOG_GB = 10, 10, 3, 5.0

#: Twilio, United States: a segment and what carriers add to it, a minute begun of a call, a number.
SMS_SEGMENT, SMS_CARRIER, VOICE_MINUTE, NUMBER = 0.0083, 0.0035, 0.0140, 1.15
