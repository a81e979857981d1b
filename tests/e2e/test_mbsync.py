"""mbsync keeps two devices in step with one account: messages, flags, moves, deletions."""

from __future__ import annotations

from pathlib import Path

import pytest

from clients import Mbsync
from mail import added_headers, good, imap, imap_flags, imap_uids, receive, wait_for_messages
from messages import number_of, plain
from server import Account, Server

pytestmark = pytest.mark.modes("roles", "single")
SENT = [plain(f"kept in step {number}", ".one\r\ntwo\r\n", number) for number in range(6)]


def two_devices(server: Server, account: Account, folder: Path) -> tuple[Mbsync, Mbsync]:
    """Two devices that both have the six messages."""
    receive(server, account, *SENT)
    wait_for_messages(server, account, len(SENT))
    devices = Mbsync(server, account, folder / "laptop"), Mbsync(server, account, folder / "desk")
    for device in devices:
        device.sync()
    return devices


def sync_all(*devices: Mbsync) -> None:
    """What the first did reaches the server, then the others, then the answers come back."""
    for device in (*devices, *devices):
        device.sync()


def numbers(device: Mbsync, mailbox: str = "INBOX") -> list[int]:
    return sorted(map(number_of, device.messages(mailbox)))


def path_of(device: Mbsync, number: int, mailbox: str = "INBOX") -> Path:
    return next(path for path in device.files(mailbox) if number_of(path.read_bytes()) == number)


@pytest.mark.parametrize("security", ["plain", "starttls", "tls"])
def test_a_copy_has_the_bytes(server: Server, alice: Account, tmp_path: Path, security: str) -> None:
    receive(server, alice, *SENT)
    wait_for_messages(server, alice, len(SENT))
    device = Mbsync(server, alice, tmp_path / "device", security)
    device.sync()
    for received, sent in zip(sorted(device.messages(), key=number_of), SENT, strict=True):
        added_headers(received, sent)


def test_flags_reach_the_other_device(server: Server, alice: Account, tmp_path: Path) -> None:
    laptop, desk = two_devices(server, alice, tmp_path)
    laptop.flag(path_of(laptop, 2), "FS")
    desk.flag(path_of(desk, 3), "RS")
    sync_all(laptop, desk)
    for device in (laptop, desk):
        assert path_of(device, 2).name.endswith(":2,FS")
        assert path_of(device, 3).name.endswith(":2,RS")
    with imap(server, alice) as client:
        assert [imap_flags(client, uid) for uid in imap_uids(client, "HEADER X-Test-Number 2")] == [
            {"\\Seen", "\\Flagged"}]


def test_a_move_reaches_the_other_device(server: Server, alice: Account, tmp_path: Path) -> None:
    laptop, desk = two_devices(server, alice, tmp_path)
    laptop.move(path_of(laptop, 4), "Projects")
    sync_all(laptop, desk)
    for device in (laptop, desk):
        assert numbers(device) == [0, 1, 2, 3, 5]
        assert numbers(device, "Projects") == [4]


def test_a_deletion_reaches_the_other_device(server: Server, alice: Account, tmp_path: Path) -> None:
    laptop, desk = two_devices(server, alice, tmp_path)
    path_of(laptop, 1).unlink()
    with imap(server, alice) as client:
        (uid,) = imap_uids(client, "HEADER X-Test-Number 5")
        good(client.uid("STORE", str(uid), "+FLAGS", "(\\Deleted)"))
        good(client.expunge())
    sync_all(laptop, desk)
    assert numbers(laptop) == numbers(desk) == [0, 2, 3, 4]
    with imap(server, alice) as client:
        assert len(imap_uids(client)) == 4


def test_new_mail_on_a_device_is_uploaded_once(server: Server, alice: Account, tmp_path: Path) -> None:
    laptop, desk = two_devices(server, alice, tmp_path)
    (laptop.mail / "INBOX" / "new" / "draft.host").write_bytes(plain("written here", number=77).replace(b"\r\n", b"\n"))
    sync_all(laptop, desk, laptop, desk)
    assert numbers(laptop) == numbers(desk) == [0, 1, 2, 3, 4, 5, 77]
