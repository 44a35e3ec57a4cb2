"""Steps that the causes about the way to the other server share."""

from __future__ import annotations

from typing import Final

from diagnostics.cause import change, look
from diagnostics.report import Step

_CONTROLS: Final = ("gmail-smtp-in.l.google.com", "hotmail-com.olc.protection.outlook.com")


def is_control(host: str) -> bool:
    """Whether a test of this host is there for comparison."""
    return host.lower() in _CONTROLS


def test_port(host: str) -> Step:
    """Test port 25 of `host` and, as the control, of an unrelated server."""
    control = next(each for each in _CONTROLS if each != host.lower())
    return look(
        "From the sending server, test port 25 of this destination and, as a control, of an unrelated one.",
        "{host}, {control} | ForEach-Object {{ Test-NetConnection $_ -Port 25 }} | "
        "Format-List ComputerName,RemoteAddress,TcpTestSucceeded",
        "powershell",
        host=host,
        control=control,
    )


def test_route(host: str) -> Step:
    return look(
        "See where the packets stop (a hop that is silent but passes later ones is no fault).",
        "Test-NetConnection {host} -TraceRoute",
        "powershell",
        host=host,
    )


def test_from_elsewhere(host: str) -> Step:
    return look(
        "Try the same from another network (a phone's hotspot, a cloud shell): does the server answer there?",
        "nc -vz -w 10 {host:token} 25",
        "bash",
        host=host,
    )


def exchange_online_ranges() -> Step:
    return look(
        "List the address ranges that Exchange Online uses for port 25 today.",
        "Invoke-RestMethod ('https://endpoints.office.com/endpoints/worldwide?clientrequestid=' + "
        "(New-Guid)) | "
        "Where-Object {{ $_.serviceArea -eq 'Exchange' -and $_.tcpPorts -match '\\b25\\b' }} | "
        "Select-Object -ExpandProperty ips | Sort-Object -Unique",
        "powershell",
    )


def capture(say: str) -> Step:
    """Record packets of port 25 on this server."""
    return change(
        say,
        "pktmon filter add Mailflow -p 25; pktmon start --capture --pkt-size 128; Start-Sleep -Seconds 120; "
        "pktmon stop; "
        "pktmon etl2pcap PktMon.etl; pktmon filter remove",
        shell="powershell",
        changes="For two minutes the beginnings of all packets of port 25 are written to files in the current folder.",
        undo="The command takes its filter away itself; delete PktMon.etl and PktMon.pcapng when they were read.",
        verify="PktMon.pcapng opens in a packet viewer.",
    )


def bare_handshake(host: str) -> Step:
    return look(
        "See what the destination offers and which certificate it shows, from a machine behind the same "
        "firewall and "
        "from one outside.",
        "openssl s_client -starttls smtp -showcerts -connect {host:token}:25",
        "bash",
        host=host,
    )


def retry_queues() -> Step:
    return change(
        "Then retry the queues.",
        "Get-Queue -Filter \"Status -eq 'Retry'\" | Retry-Queue",
        changes="Queued messages are tried now instead of at their next interval.",
        undo="None needed: messages that fail go back into the queue.",
        verify="The queues drain, and the next session in the protocol log shows `250 2.6.0 … Queued mail "
        "for delivery`.",
    )
