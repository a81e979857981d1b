"""What comes back for a letter, as the mail systems of the world write it: reports that it was not delivered in the
forms of Postfix, Exim, Microsoft 365, Gmail and qmail, a delay, a receipt and a complaint.

Each takes the letter as its receiver had it; what stands in angle brackets, codes and the order of parts is what those
programs send. All hosts and names are of the test's own.
"""

from __future__ import annotations

import email.utils
from dataclasses import dataclass
from email.message import EmailMessage

BOUNDARY = "part.of.a.report"
POSTFIX = "MAILER-DAEMON@relay.reports.test (Mail Delivery System)"


@dataclass(frozen=True)
class Letter:
    """A letter that reached its receiver."""

    message: EmailMessage
    return_path: str
    recipient: str

    @property
    def name(self) -> str:
        """Its Message-ID."""
        return str(self.message["Message-ID"])

    @property
    def author(self) -> str:
        return email.utils.parseaddr(str(self.message["From"]))[1]

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    def fields(self) -> str:
        """Its header, as reports give it back."""
        return "".join(f"{name}: {value}\n" for name, value in self.message.items() if name != "Received")

    def text(self) -> str:
        part = self.message.get_body(("plain",))
        assert part
        return str(part.get_content())


@dataclass(frozen=True)
class Refusal:
    """What the last host said."""

    code: str
    status: str
    words: str

    @property
    def line(self) -> str:
        return f"{self.code} {self.status} {self.words}"


NOBODY = Refusal("550", "5.1.1", "The email account that you tried to reach does not exist")
FULL = Refusal("552", "5.2.2", "The mailbox is full and cannot take more mail now")
POLICY = Refusal("550", "5.7.1", "Message refused because of the reputation of the sending network")


def head(letter: Letter, author: str, subject: str, fields: str) -> str:
    return (f"From: {author}\nTo: <{letter.author}>\nSubject: {subject}\nDate: {email.utils.formatdate()}\n"
            f"Message-ID: {email.utils.make_msgid(domain='reports.test')}\n{fields}")


def report(letter: Letter, author: str, subject: str, fields: str, parts: list[tuple[str, str]],
           kind: str = "delivery-status") -> str:
    """A multipart/report of these parts: a type and a content each."""
    written = "".join(f"--{BOUNDARY}\nContent-Type: {mime}\n\n{content}\n" for mime, content in parts)
    return (head(letter, author, subject, fields) +
            f"MIME-Version: 1.0\nContent-Type: multipart/report; report-type={kind};\n"
            f"\tboundary=\"{BOUNDARY}\"\n\n{written}--{BOUNDARY}--\n")


def postfix(letter: Letter, refusal: Refusal) -> str:
    host = f"mail.{letter.recipient.split('@')[1]}"
    words = f"""This is the mail system at host relay.reports.test.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

                   The mail system

<{letter.recipient}>: host {host}[192.0.2.25] said: {refusal.line}
    (in reply to RCPT TO command)
"""
    status = f"""Reporting-MTA: dns; relay.reports.test
X-Postfix-Queue-ID: 4XyzAB12cdzQ
X-Postfix-Sender: rfc822; {letter.return_path}
Arrival-Date: {email.utils.formatdate()}

Final-Recipient: rfc822; {letter.recipient}
Original-Recipient: rfc822;{letter.recipient}
Action: failed
Status: {refusal.status}
Remote-MTA: dns; {host}
Diagnostic-Code: smtp; {refusal.line}
"""
    return report(letter, POSTFIX, "Undelivered Mail Returned to Sender",
                  "Auto-Submitted: auto-replied\n",
                  [("text/plain; charset=us-ascii", words), ("message/delivery-status", status),
                   ("text/rfc822-headers", letter.fields())])


def exim(letter: Letter, refusal: Refusal) -> str:
    """As Exim 4 writes it where it adds no delivery-status part: a field, and words."""
    host = f"mail.{letter.recipient.split('@')[1]}"
    fields = f"X-Failed-Recipients: {letter.recipient}\nAuto-Submitted: auto-replied\n"
    words = f"""
This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  {letter.recipient}
    host {host} [192.0.2.25]
    SMTP error from remote mail server after RCPT TO:<{letter.recipient}>:
    {refusal.line}

------ This is a copy of the message, including all the headers. ------

Return-path: <{letter.return_path}>
{letter.fields()}
{letter.text()}
"""
    return head(letter, "Mail Delivery System <Mailer-Daemon@relay.reports.test>",
                "Mail delivery failed: returning message to sender", fields) + words


def microsoft365(letter: Letter, refusal: Refusal) -> str:
    domain = letter.recipient.split("@")[1]
    words = f"""<html><head><title>Undeliverable</title></head><body>
<p>Your message to <a href="mailto:{letter.recipient}">{letter.recipient}</a> couldn't be delivered.</p>
<p><b>{letter.recipient.split('@')[0]}</b> wasn't found at <b>{domain}</b>.</p>
<p>Diagnostic information for administrators:<br>Generating server: AM0PR01MB1234.eurprd01.prod.outlook.com</p>
<p>{letter.recipient}<br>{refusal.line}</p></body></html>
"""
    status = f"""Reporting-MTA: dns;AM0PR01MB1234.eurprd01.prod.outlook.com
Received-From-MTA: dns;relay.reports.test
Arrival-Date: {email.utils.formatdate()}

Final-Recipient: rfc822;{letter.recipient}
Action: failed
Status: {refusal.status}
Diagnostic-Code: smtp;{refusal.line}
Remote-MTA: dns;{domain}
"""
    fields = ("X-MS-Exchange-Message-Is-Ndr:\nAuto-Submitted: auto-replied\nContent-Language: en-GB\n"
              f"In-Reply-To: {letter.name}\nReferences: {letter.name}\n")
    return report(letter, "<postmaster@tenant.onmicrosoft.test>", f"Undeliverable: {letter.subject}", fields,
                  [("text/html; charset=us-ascii", words), ("message/delivery-status", status),
                   ("message/rfc822", letter.fields() + "\n" + letter.text())])


def gmail(letter: Letter, refusal: Refusal) -> str:
    words = f"""
** Message not delivered **

There was a problem delivering your message to {letter.recipient}. See the technical details below.

The response from the remote server was:

{refusal.code} {refusal.status} {refusal.words}. For more information, go to https://support.google.com/mail - gsmtp
"""
    status = f"""Reporting-MTA: dns; googlemail.com
Arrival-Date: {email.utils.formatdate()}
X-Original-Message-ID: {letter.name}

Final-Recipient: rfc822; {letter.recipient}
Action: failed
Status: {refusal.status}
Remote-MTA: dns; mail.{letter.recipient.split('@')[1]}. (192.0.2.25, the server for the domain)
Diagnostic-Code: smtp; {refusal.code}-{refusal.status} {refusal.words}. For more information, go to
 {refusal.code} {refusal.status}  https://support.google.com/mail - gsmtp
Last-Attempt-Date: {email.utils.formatdate()}
"""
    fields = (f"X-Failed-Recipients: {letter.recipient}\nAuto-Submitted: auto-replied\n"
              f"In-Reply-To: {letter.name}\nReferences: {letter.name}\n")
    return report(letter, "Mail Delivery Subsystem <mailer-daemon@googlemail.test>",
                  "Delivery Status Notification (Failure)", fields,
                  [("text/plain; charset=\"UTF-8\"", words), ("message/delivery-status", status),
                   ("message/rfc822", letter.fields() + "\n" + letter.text())])


def qmail(letter: Letter, refusal: Refusal) -> str:
    """Nothing but text (qmail-send's own format)."""
    words = f"""
Hi. This is the qmail-send program at relay.reports.test.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<{letter.recipient}>:
192.0.2.25 does not like recipient.
Remote host said: {refusal.line}
Giving up on 192.0.2.25.

--- Below this line is a copy of the message.

Return-Path: <{letter.return_path}>
{letter.fields()}
{letter.text()}
"""
    return head(letter, "MAILER-DAEMON@relay.reports.test", "failure notice", "") + words


def delay(letter: Letter) -> str:
    """Postfix tries on."""
    words = f"""This is the mail system at host relay.reports.test.

####################################################################
# THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE. #
####################################################################

Your message could not be delivered for more than 4 hour(s).
It will be retried until it is 5 day(s) old.

<{letter.recipient}>: connect to mail.{letter.recipient.split('@')[1]}[192.0.2.25]:25: Connection timed out
"""
    status = f"""Reporting-MTA: dns; relay.reports.test

Final-Recipient: rfc822; {letter.recipient}
Action: delayed
Status: 4.4.1
Diagnostic-Code: X-Postfix; connect to mail[192.0.2.25]:25: Connection timed out
Will-Retry-Until: {email.utils.formatdate()}
"""
    return report(letter, POSTFIX, "Delayed Mail (still being retried)",
                  "Auto-Submitted: auto-replied\n",
                  [("text/plain; charset=us-ascii", words), ("message/delivery-status", status),
                   ("text/rfc822-headers", letter.fields())])


def receipt(letter: Letter) -> str:
    """It was shown (RFC 8098)."""
    status = f"""Reporting-UA: reader.reports.test; Reader 1.0
Final-Recipient: rfc822;{letter.recipient}
Original-Message-ID: {letter.name}
Disposition: manual-action/MDN-sent-manually; displayed
"""
    return report(letter, f"<{letter.recipient}>", f"Read: {letter.subject}", f"In-Reply-To: {letter.name}\n",
                  [("text/plain; charset=us-ascii", "Your message was displayed on the recipient's screen.\n"),
                   ("message/disposition-notification", status)], "disposition-notification")


def complaint(letter: Letter) -> str:
    """Its receiver called it spam (RFC 5965)."""
    status = f"""Feedback-Type: abuse
User-Agent: FeedbackLoop/1.0
Version: 1
Original-Mail-From: <{letter.return_path}>
Original-Rcpt-To: <{letter.recipient}>
Arrival-Date: {email.utils.formatdate()}
"""
    return report(letter, "Feedback <feedback@reports.test>", f"Abuse report: {letter.subject}", "",
                  [("text/plain; charset=us-ascii", "This is an abuse report for a message from your network.\n"),
                   ("message/feedback-report", status),
                   ("message/rfc822", letter.fields() + "\n" + letter.text())], "feedback-report")
