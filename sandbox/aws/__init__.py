"""The local AWS: ministack on loopback, this project's template deployed on it, its schedules run.

    python -m sandbox.aws

`local` starts and stops it, `stack` deploys a template, `schedules` and `alarms` run what ministack
does not; `server` and `lambda_runtime` are programs that other interpreters run.
"""
