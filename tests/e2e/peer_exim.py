"""Debian's Exim (exim4-daemon-light) in a root folder of its own. It takes mail for its domain into
Maildirs; mail for the domains in `relays` goes on to the hosts named there.
"""

from __future__ import annotations

from pathlib import Path

from peer import MAILBOXES, make_certificate
from peer_unpacked import UnpackedPeer

CONFIGURATION = """
exim_path = /usr/sbin/exim4
primary_hostname = {hostname}
spool_directory = /var/spool/exim4
log_file_path = /log/%slog
local_interfaces = <; [{address}]:{port}
daemon_smtp_ports = {port}
qualify_domain = {domain}
domainlist ours = {domain}
domainlist relayed = {relayed}
host_lookup =
rfc1413_hosts =
dns_ipv4_lookup =
disable_ipv6
never_users = root
keep_environment =
message_size_limit = 50M
smtp_accept_max = 100
smtp_accept_max_per_host = 100
smtp_accept_queue_per_connection = 0
accept_8bitmime
dsn_advertise_hosts = *
tls_advertise_hosts = *
tls_certificate = /tls/cert.pem
tls_privatekey = /tls/key.pem
acl_smtp_mail = accept
acl_smtp_rcpt = check_recipient
acl_smtp_data = accept

begin acl
check_recipient:
  accept domains = +ours
         local_parts = lsearch;/etc/mailboxes
  deny message = no such user here
       domains = +ours
  accept domains = +relayed
  deny message = relaying denied

begin routers
{routes}
boxes:
  driver = accept
  domains = +ours
  local_parts = lsearch;/etc/mailboxes
  transport = maildir

begin transports
maildir:
  driver = appendfile
  directory = /mail/$local_part_data
  maildir_format
  create_directory
  user = nobody
  group = nogroup
  return_path_add
remote:
  driver = smtp
  port = {relay_port}
  allow_localhost
  hosts_try_fastopen =
  interface = {address}

begin retry
* * F,1d,1s
"""

ROUTE = """
to_{number}:
  driver = manualroute
  domains = {domain}
  route_data = {address}
  transport = remote
  self = send
"""


class Exim(UnpackedPeer):
    """All hosts of `relays` listen on one port."""

    name = "Exim"
    files = ("usr/sbin/exim4",)
    users = {"Debian-exim": 64_100}

    def __init__(self, folder: Path, address: str, port: int, domain: str,
                 relays: dict[str, tuple[str, int]] | None = None) -> None:
        super().__init__(folder, address, port, domain)
        self.relays = relays or {}
        self.logs.append(self.root / "log" / "mainlog")

    def prepare(self) -> None:
        self.make_root()
        for name in ("log", "var/spool/exim4"):
            self.owned_by(name, "Debian-exim", "Debian-exim", 0o750)
        make_certificate(self.root / "tls", self.hostname)
        (self.root / "tls" / "key.pem").chmod(0o644)
        self.write("etc/mailboxes", "".join(f"{name}: {name}\n" for name in MAILBOXES))
        routes = "".join(ROUTE.format(number=number, domain=domain, address=address)
                         for number, (domain, (address, _)) in enumerate(self.relays.items()))
        self.write("etc/exim4/exim4.conf", CONFIGURATION.format(
            hostname=self.hostname, address=self.address, port=self.port, domain=self.domain, routes=routes,
            relayed=" : ".join(self.relays),
            relay_port=next((port for _, port in self.relays.values()), self.port)))

    def command(self) -> list[str]:
        return self.inside("/usr/sbin/exim4", "-bdf", "-q1m")
