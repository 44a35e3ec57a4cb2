"""The `mailflow` command. Every import that costs time stands inside the command that needs it."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

# Looking for plug-ins of pydantic reads every installed package's metadata, 13 ms; none is to hook into what validates here.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

if TYPE_CHECKING:
    from bot.log_command import Options
    from diagnostics import Report

_BAD_INPUT = 2
_ELSEWHERE: Final = {
    "audit": "bot.private_command:audit",
    "export-cases": "bot.statistics_command:export_cases",
    "forget": "bot.private_command:forget",
    "keys": "bot.private_command:keys",
    "stats": "bot.statistics_command:stats",
}


class _Commands(click.Group):
    """Commands of which some stand in other modules, loaded once they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted((*super().list_commands(ctx), *_ELSEWHERE))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module, _, name = _ELSEWHERE.get(cmd_name, "").partition(":")
        command: click.Command | None = getattr(import_module(module), name) if module else None
        return command or super().get_command(ctx, cmd_name)


def _utc(_context: click.Context, _option: click.Parameter, value: str | None) -> str:
    """A time as the logs write it; one without a zone is UTC already."""
    from bot.log_command import utc

    return utc(value) if value else ""


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mailflow", message="%(prog)s %(version)s")
def main() -> None:
    """Find the root cause of an Exchange mail-flow failure from the text that people paste."""


@main.command()
@click.argument("files", nargs=-1, metavar="[FILE ...|-]")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option(
    "--case",
    "case_dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep adding to one case: texts are kept in this folder and judged together.",
)
@click.option(
    "--since", callback=_utc, metavar="TIME", help="Logs: only sessions from this time on (2026-11-18T08:00, UTC)."
)
@click.option("--until", callback=_utc, metavar="TIME", help="Logs: only sessions before this time.")
@click.option("--connector", default="", metavar="NAME", help="Logs: only connectors whose name holds this.")
@click.option("--session", default="", metavar="ID", help="Logs: show this conversation.")
@click.option("--follow", is_flag=True, help="Logs: go on reading what is added, and speak when a new failure begins.")
@click.option(
    "--jobs", type=click.IntRange(1, 64), help="Logs: processes that read at the same time [default: every core]."
)
@click.option(
    "--max-unpacked",
    "unpacked",
    type=click.IntRange(1),
    metavar="GIB",
    help="Logs: what a packed file may unpack to [default: 50].",
)
def diagnose(files: tuple[str, ...], as_json: bool, case_dir: Path | None, **options: Any) -> None:
    """Diagnose pasted text or logs: FILEs, folders, patterns, .gz and .zip, or standard input.

    Text is judged as a paste (also .eml, .msg, .html, and texts in a .zip or .gz), later FILEs as its follow-ups.
    Transport logs of any size are read whole: what failed, since when, with whom, and what changed then.

    Exit code 0: nothing wrong, 1: a failure was diagnosed, 2: bad usage or unreadable input.
    """
    from bot.log_command import LargeInputError, Options, means_logs
    from handlers.plaintext import FILE_LIMIT

    asked = Options(**{name: value for name, value in options.items() if value}, as_json=as_json)
    if asked.since and asked.until and asked.since >= asked.until:
        raise click.UsageError(f"--until {asked.until} is not later than --since {asked.since}.")
    if case_dir is not None and asked.any:
        raise click.UsageError(
            "--case keeps pastes, and the options for logs are for what is read from disk: give one of them."
        )
    if case_dir is None and (asked.any or means_logs(files, FILE_LIMIT)):
        _diagnose_logs(files, asked)
    from diagnostics import diagnose as judge

    try:
        texts = [_read(name, alone=len(files) < 2 and case_dir is None) for name in files or ("-",)]
    except LargeInputError as large:
        _diagnose_logs(("-",), asked, large.start)
    if case_dir is not None:
        texts = _kept(case_dir, texts)
    report = judge(texts[0], followups=texts[1:])
    _print_report(report, as_json=as_json)
    sys.exit(1 if report.verdict in ("failure", "unknown") else 0)


def _diagnose_logs(files: tuple[str, ...], asked: Options, start: bytes = b"") -> NoReturn:
    """`start` is what was read of standard input already."""
    from bot.log_command import on_disk
    from bot.log_command import run as read_logs
    from diagnostics.logs.sources import UnreadableLogError

    try:
        with on_disk(files or ("-",), start) as (names, copy):
            sys.exit(read_logs(names, asked, lambda report: _print_report(report, as_json=asked.as_json), copy))
    except UnreadableLogError as problem:
        _fail(str(problem))
    except BrokenPipeError:  # `| head` has read enough, and nobody is left to complain to
        raise
    except OSError as problem:
        _fail(f"{problem.filename}: {problem.strerror or problem}")


def _read(name: str, *, alone: bool = True) -> str:
    """The text of a file or of standard input; `alone` where it is all that there is to judge."""
    from bot.log_command import standard_input
    from handlers.intake import file_text
    from handlers.plaintext import FILE_LIMIT, Unreadable

    try:
        if name == "-":
            if sys.stdin.isatty():
                click.echo("Paste the text, then press Ctrl-D (Ctrl-Z and Enter on Windows).", err=True)
            content = standard_input(FILE_LIMIT, alone=alone)
        else:
            content = Path(name).read_bytes()
        read = file_text("the input" if name == "-" else Path(name).name, content)
    except Unreadable as problem:
        _fail(str(problem))
    except OSError as problem:
        _fail(f"{name}: {problem.strerror or problem}")
    for refusal in read.refusals:
        click.echo(f"mailflow: {refusal}", err=True)
    return read.text


def _kept(case_dir: Path, texts: list[str]) -> list[str]:
    """The texts of the case so far and these, which are kept beside them."""
    try:
        case_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        earlier = sorted(case_dir.glob("[0-9]*.txt"))
        for number, text in enumerate(texts, start=len(earlier) + 1):
            (case_dir / f"{number:03}.txt").write_text(text, encoding="utf-8")
        return [path.read_text(encoding="utf-8") for path in sorted(case_dir.glob("[0-9]*.txt"))]
    except (OSError, UnicodeDecodeError) as problem:
        _fail(f"{case_dir}: {problem}")


def _print_report(report: Report, *, as_json: bool) -> None:
    if as_json:
        click.echo(report.model_dump_json(indent=2))
        return
    from bot.terminal import render

    if report.log is not None:
        from bot.log_terminal import table

        click.echo(table(report.log, _width() if sys.stdout.isatty() else 0), nl=False)
    click.echo(render(report, width=_width(), colour=_colour()), color=_colour())


@main.command()
@click.argument("target", metavar="HOST|DOMAIN[:PORT]")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--only", metavar="CHECK,…", help="Make these checks only, such as spf,dmarc or starttls.")
@click.option(
    "--name", metavar="SERVERNAME", help="The name that the certificate must match, where it isn't the host's."
)
@click.option("--ip", metavar="ADDRESS", help="Say whether the domain's SPF record lets this address send.")
@click.option(
    "--tls-domain", metavar="NAME", help="TlsDomain of an Exchange Online outbound connector the host must satisfy."
)
@click.option("--as", "kind", type=click.Choice(["host", "domain"]), help="Take the target for a host or for a domain.")
@click.option("--timeout", metavar="SECONDS", help="For the whole check.")
@click.option("--dns-servers", metavar="ADDRESS:PORT,…", help="DNS servers to ask.")
@click.option("--ca-file", metavar="FILE", help="More certificate authorities to trust (PEM).")
@click.option("--ports", metavar="25=2525,…", help="What a port means here.")
@click.option("--allow", metavar="NETWORK,…", help="Networks that may be connected to although they are not public.")
@click.option("--deny", metavar="NETWORK,…", help="Networks that may not be connected to.")
@click.option("--dnsbl-zones", metavar="ZONE,…", help="Block lists to ask; `none` for none.")
@click.option("--dkim-selectors", metavar="NAME,…", help="DKIM selectors to look for.")
@click.option("--ehlo-name", metavar="NAME", help="What to call ourselves in EHLO.")
def check(target: str, as_json: bool, **given: str | None) -> None:
    """Look for real at a host or a domain: DNS, SMTP, TLS, certificate, policies, block lists.

    Nothing is ever sent but the beginning of a session. Exit code 0: nothing wrong, 1: a fault or a warning,
    2: bad usage, or nothing could be looked at.
    """
    from bot.check_command import run

    sys.exit(run(target, given, as_json=as_json, width=_width(), colour=_colour()))


@main.command()
@click.argument("code", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print the explanation as JSON.")
def explain(code: tuple[str, ...], as_json: bool) -> None:
    """Explain CODE: a status code, Schannel error, event id, error token, header verdict or cause.

    Examples: 4.4.7 · "550 5.7.64" · 0x8009030d · NoCredentials · "Schannel 36870" · RESOLVER.ADR.RecipNotFound · SFV:SKB
    """
    from diagnostics import explain as look_up

    explanation = look_up(" ".join(code))
    if as_json:
        click.echo(explanation.model_dump_json(indent=2))
    else:
        from bot.terminal import render_explanation

        click.echo(render_explanation(explanation, width=_width(), colour=_colour()), color=_colour())
    sys.exit(0 if explanation.found else _BAD_INPUT)


@main.command()
@click.option("--markdown", type=click.Path(file_okay=False, path_type=Path), help="Write the manual into this folder.")
def causes(markdown: Path | None) -> None:
    """List the causes that Mailflow knows, or write their manual."""
    from diagnostics.cause import catalogue

    if markdown is None:
        for each in catalogue().values():
            click.echo(f"{each.id:55} {each.title}")
        return
    from bot.manual import write_manual

    count = write_manual(markdown)
    click.echo(f"{count} pages written to {markdown}")


@main.command("new-cause")
@click.argument("cause_id", metavar="ID")
def new_cause(cause_id: str) -> None:
    """Write the frame of a new cause: its module, a case, and a near miss."""
    from bot.scaffold import BadIdError, frame

    root = Path.cwd()
    if not (root / "diagnostics" / "causes").is_dir():
        _fail("run this in a checkout of Mailflow: there is no diagnostics/causes here")
    try:
        for path in frame(cause_id, root):
            click.echo(str(path.relative_to(root)))
    except (BadIdError, FileExistsError) as problem:
        _fail(str(problem))
    click.echo(
        "Fill the angle brackets (CONTRIBUTING.md), then: make test PYTEST_ARGS='tests/diagnostics/test_cases.py --accept'"
    )


@main.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=None, help="HTTP mode: the port to listen on, 0 for any."
)
def serve(port: int | None) -> None:
    """Run the bot on Slack, with the tokens from the environment or .env."""
    from bot.running import serve_slack

    sys.exit(serve_slack(port))


@main.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0 picks a free one.")
@click.option("--no-browser", is_flag=True, help="Do not open the page in a browser.")
def playground(port: int, no_browser: bool) -> None:
    """Open a local workspace in the browser: the same bot, without Slack."""
    from bot.running import serve_playground

    sys.exit(serve_playground(port, open_browser=not no_browser))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option(
    "--smtp", metavar="HOST", help="Connect to this mail host or domain to see whether port 25 is open; `none`."
)
def doctor(as_json: bool, smtp: str | None) -> None:
    """Say what is missing: settings, database, Slack token and scopes, DNS, outbound port 25, on-call.

    Changes nothing. Exit code 0: nothing to mend, 1: something is missing, 2: bad usage.
    """
    from bot.doctor_command import run as look

    given = {"MAILFLOW_DOCTOR_HOST": smtp} if smtp else {}
    width = _width() if sys.stdout.isatty() else 0
    sys.exit(look(given, as_json=as_json, width=width, colour=_colour()))


@main.command()
@click.option("--check", is_flag=True, help="Change nothing: say what is due. Exit code 1 when something is.")
def migrate(check: bool) -> None:
    """Bring the database up to date, as a job before a new version starts. `serve` does it by itself otherwise.

    Exit code 0: up to date, 1: something is due (with --check), 2: the database can't be reached.
    """
    from bot.migrate_command import run as bring_up

    sys.exit(bring_up(check=check))


@main.command()
def run() -> None:
    """Start the bot: on Slack when tokens are set, else the playground."""
    from bot.running import serve_either

    sys.exit(serve_either())


def _width() -> int:
    import shutil

    return shutil.get_terminal_size((100, 24)).columns


def _colour() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def _fail(message: str) -> NoReturn:
    click.echo(f"mailflow: {message}", err=True)
    sys.exit(_BAD_INPUT)
