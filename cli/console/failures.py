"""Every way a command can end badly, as one line: what, where, what to do.

Nothing a person typed in secret is ever part of one: texts of others are repeated only where they
are known to hold none (see `explained`).
"""

from __future__ import annotations

import errno
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own, which is no OSError
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from typer.exceptions import TyperException

from ml_connector.errors import ConnectorError, StoreRefused

FAILED, USAGE, INTERRUPTED = 1, 2, 130

#: The code of an error about standard output, or about another file without a name.
OUTPUT = "output"

#: Set to see the traceback of an error nobody expected.
TRACEBACK_VARIABLE = "ML_CONNECTOR_TRACEBACK"

#: How a file or a pipe says that it takes no more; what wrote to it is not part of the error.
_UNWRITABLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})

_OURS = Path(__file__).resolve().parents[1]


class Failure(Exception):
    """A command cannot do what it was asked. `details` are further lines, one finding each."""

    exit_status = FAILED
    code = "failed"

    def __init__(self, line: str, details: Sequence[str] = ()) -> None:
        super().__init__(line)
        self.line = line
        self.details = tuple(details)


class Misused(Failure):
    """The command was called in a way it does not understand."""

    exit_status = USAGE
    code = "usage"


class Ambiguous(Misused):
    """What was typed names several: `details` lists them."""

    code = "ambiguous"


class Interrupted(Failure):
    """Ctrl-C. What was done until then stays done."""

    exit_status = INTERRUPTED
    code = "interrupted"


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a command ends: its status, a stable code, one line, and further findings."""

    status: int
    code: str
    line: str
    details: tuple[str, ...] = ()


#: What to do about refusals of AWS that say too little themselves.
_ADVICE = {
    "AccessDenied": "use a role that may do this, or another --profile",
    "AccessDeniedException": "use a role that may do this, or another --profile",
    "UnauthorizedOperation": "use a role that may do this, or another --profile",
    "ExpiredToken": "sign in to AWS again",
    "ExpiredTokenException": "sign in to AWS again",
    "InvalidClientTokenId": "check the AWS credentials and the region",
    "UnrecognizedClientException": "check the AWS credentials and the region",
    "SignatureDoesNotMatch": "check the AWS credentials and this machine's clock",
    "ThrottlingException": "try again in a minute",
}

#: First match wins; botocore's own texts may repeat what was sent and are not shown.
_BOTOCORE: tuple[tuple[type[Exception], str, str], ...] = (
    (ProfileNotFound, "aws_profile", "AWS: no such profile; name another with --profile"),
    (
        NoRegionError,
        "aws_region",
        "AWS: no region is set; give --region, or set AWS_DEFAULT_REGION",
    ),
    (
        NoCredentialsError,
        "aws_credentials",
        "AWS: no credentials were found; sign in, or name a profile with --profile",
    ),
    (
        PartialCredentialsError,
        "aws_credentials",
        "AWS: the credentials are incomplete; set both the key and the secret",
    ),
    (SSOError, "aws_credentials", "AWS: the sign-in has ended; run `aws sso login`"),
    (UnauthorizedSSOTokenError, "aws_credentials", "AWS: sign in with `aws sso login`"),
    (TokenRetrievalError, "aws_credentials", "AWS: sign in with `aws sso login`"),
    (
        ConnectionError,
        "aws_unreachable",
        "AWS does not answer; check the network, the region and AWS_ENDPOINT_URL",
    ),
    (
        HTTPClientError,
        "aws_unreachable",
        "AWS does not answer; check the network, the region and AWS_ENDPOINT_URL",
    ),
    (BotoCoreError, "aws", "AWS: the request could not be made"),
)


def explained(error: BaseException) -> Explanation:
    """What to say about an error. Of one nobody expected only its kind and place are said."""
    if isinstance(error, Failure):
        return Explanation(error.exit_status, error.code, error.line, error.details)
    if isinstance(error, StoreRefused):
        return Explanation(FAILED, error.code, f"{error.safe_message}; {_policy_for(error)}")
    if isinstance(error, ConnectorError):
        return Explanation(FAILED, error.code, error.safe_message)
    if isinstance(error, TyperException):
        return Explanation(error.exit_code, Misused.code, _usage(error))
    return (
        _of_files(error)
        or _of_aws(error)
        or Explanation(
            FAILED,
            "unexpected",
            f"unexpected {type(error).__name__}{_place(error)}: this is a defect; "
            f"set {TRACEBACK_VARIABLE}=1 to see more, and report it",
        )
    )


def _of_files(error: BaseException) -> Explanation | None:
    if isinstance(error, OSError) and error.filename is not None:
        return Explanation(FAILED, "file", f"{error.filename}: {error.strerror}")
    if isinstance(error, OSError) and error.errno in _UNWRITABLE:
        return Explanation(FAILED, OUTPUT, f"the output could not be written: {error.strerror}")
    return None


def _of_aws(error: BaseException) -> Explanation | None:
    if isinstance(error, ClientError):
        return _refused_by_aws(error)
    for kind, code, line in _BOTOCORE:
        if isinstance(error, kind):
            return Explanation(FAILED, code, f"{line} ({type(error).__name__})")
    return None


def _usage(error: TyperException) -> str:
    """The complaint on one line, with the command whose help has the answer."""
    context = getattr(error, "ctx", None)
    words = " ".join(error.format_message().split()).rstrip(".")
    end = "" if words.endswith("?") else "."
    return f"{words}{end} See {context.command_path} --help" if context else words


def _refused_by_aws(error: ClientError) -> Explanation:
    said = error.response.get("Error", {})
    code = str(said.get("Code", "unknown"))
    words = " ".join(str(said.get("Message", "")).split()) or "no reason given"
    advice = f"; {_ADVICE[code]}" if code in _ADVICE else ""
    return Explanation(FAILED, "aws", f"AWS {error.operation_name}: {words} ({code}){advice}")


def _policy_for(error: StoreRefused) -> str:
    """Which of the stack's policies allows what was asked for: flows are not an Operator's."""
    policy = "RuleEditorPolicyArn" if "flows" in error.resource.lower() else "OperatorPolicyArn"
    return f"use a role with the stack's {policy}, or another --profile"


def _place(error: BaseException) -> str:
    """The last line of ours it passed through; nothing that a variable held."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename]
    ours = [f for f in frames if Path(f.filename).is_relative_to(_OURS)]
    last = (ours or frames)[-1:]
    return f" at {Path(last[0].filename).name}:{last[0].lineno}" if last else ""
