"""Forty people whom a campaign writes to, what each of them does when a letter comes, and what must become of them.

Everybody has a company of his own, NAME-SIDE.test. What they do is done once, for the letter of the step that is named;
whoever only gets letters gets all of them.
"""

from __future__ import annotations

import email.utils
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import bounce_formats
from bounce_formats import FULL, NOBODY, POLICY, Letter, Refusal

STEPS = 3
SUBJECT = "A question"
OPT_OUT = "If you would rather not hear from me, just reply \"no thanks, unsubscribe me\"."
AWAY_DAYS = 10
# Said once, so that it is the same day for all, whenever they ask.
BACK_S = time.time() + AWAY_DAYS * 24 * 3600
MONTHS = ["Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
          "Dezember"]


@dataclass(frozen=True)
class Answer:
    """A message that comes back: who hands it in (none: the null sender), where to, and the folder that a rule of
    the receiving side files it into."""

    content: str
    mail_from: str
    to: str
    folder: str = ""
    charset: str = "utf-8"

    @property
    def wire(self) -> bytes:
        return self.content.replace("\r\n", "\n").replace("\n", "\r\n").encode(self.charset)


Act = Callable[[Letter], list[Answer]]


@dataclass(frozen=True)
class Person:
    """`letters`: how many reach him; `is_sent`: how many leave (one that is refused leaves, and reaches nobody)."""

    name: str
    state: str
    letters: int
    act: Act | None = None
    at_step: int = 1
    decision: str = ""
    is_by_hand: bool = False
    has_company: bool = True
    side: str = ""

    @property
    def address(self) -> str:
        return f"{self.name}@{self.name}-{self.side}.test"

    @property
    def is_refused(self) -> bool:
        return self.name == "emil"

    @property
    def sent(self) -> int:
        return 1 if self.is_refused else self.letters


# ---- people ----

def words_of(letter: Letter) -> str:
    """The letter as mail programs quote it."""
    return "".join(f"> {line}\n" for line in letter.text().splitlines())


def thread_of(letter: Letter) -> str:
    return f"In-Reply-To: {letter.name}\nReferences: {letter.name}\n"


def written(letter: Letter, author: str, subject: str, fields: str, body: str,
            mime: str = "text/plain; charset=utf-8") -> Answer:
    content = (f"From: <{author}>\nTo: <{letter.author}>\nSubject: {subject}\nDate: {email.utils.formatdate()}\n"
               f"Message-ID: {email.utils.make_msgid(domain='answers.test')}\n{fields}"
               f"MIME-Version: 1.0\nContent-Type: {mime}\n\n{body}")
    return Answer(content, author, letter.author)


def reply(letter: Letter, text: str, author: str = "", fields: str | None = None, folder: str = "") -> list[Answer]:
    answer = written(letter, author or letter.recipient, f"Re: {letter.subject.removeprefix('Re: ')}",
                     thread_of(letter) if fields is None else fields, text)
    return [replace(answer, folder=folder)]


def reply_with_quote(letter: Letter) -> list[Answer]:
    return reply(letter, f"Yes, please send me the details.\n\nOn Monday Ann wrote:\n{words_of(letter)}")


def reply_in_html(letter: Letter) -> list[Answer]:
    body = (f"<html><body><div>Sounds good, call me tomorrow.</div><blockquote type=\"cite\">"
            f"<p>{letter.text()}</p></blockquote></body></html>")
    return [written(letter, letter.recipient, f"Re: {letter.subject}", thread_of(letter), body,
                    "text/html; charset=utf-8")]


def reply_in_french(letter: Letter) -> list[Answer]:
    answer = written(letter, letter.recipient, "=?iso-8859-1?Q?RE=A0:?= A question",
                     thread_of(letter) + "Content-Transfer-Encoding: 8bit\n",
                     "Oui, ça m'intéresse. Rappelez-moi à la rentrée.\n", "text/plain; charset=iso-8859-1")
    return [replace(answer, charset="iso-8859-1")]


def elsewhere(letter: Letter) -> str:
    return f"{letter.recipient.split('@')[0]}.private@home.test"


def reply_from_elsewhere(letter: Letter, fields: str) -> list[Answer]:
    return reply(letter, "Writing from my other address: yes, we do.", elsewhere(letter), f"{fields}: {letter.name}\n")


def passed_on(letter: Letter) -> list[Answer]:
    """Somebody to whom it was forwarded answers, with no thread but the header that stands in the text."""
    text = (f"My colleague passed this on to me. We could talk on Friday.\n\n---------- Forwarded message ---------\n"
            f"From: <{letter.author}>\nSubject: {letter.subject}\nMessage-ID: {letter.name}\n\n{letter.text()}")
    return [written(letter, "other@elsewhere.test", "Fwd: your letter", "", text)]


def colleague(letter: Letter) -> list[Answer]:
    return reply(letter, "I answer for my colleague, who has left us.", f"office@{letter.recipient.split('@')[1]}", "")


def away(letter: Letter, subject: str, text: str, fields: str = "Auto-Submitted: auto-replied\n") -> list[Answer]:
    answer = written(letter, letter.recipient, subject, thread_of(letter) + fields, text)
    return [replace(answer, mail_from="")]


def away_in_english(letter: Letter) -> list[Answer]:
    day = time.gmtime(BACK_S)
    month = email.utils.formatdate(BACK_S).split()[2]
    return away(letter, f"Automatic reply: {letter.subject}",
                f"Thank you for your message. I am out of the office until {day.tm_mday} {month} {day.tm_year} and "
                "have no access to my mail.\n", "X-Auto-Response-Suppress: All\nAuto-Submitted: auto-generated\n")


def away_in_german(letter: Letter) -> list[Answer]:
    day = time.gmtime(BACK_S)
    return away(letter, f"Abwesenheitsnotiz: {letter.subject}",
                "Vielen Dank für Ihre Nachricht. Ich bin nicht im Büro. Ab dem "
                f"{day.tm_mday}. {MONTHS[day.tm_mon - 1]} {day.tm_year} bin ich wieder da.\n")


# ---- machines ----

def bounce(letter: Letter, form: Callable[[Letter, Refusal], str], refusal: Refusal) -> list[Answer]:
    return [Answer(form(letter, refusal), "", letter.return_path)]


def report(letter: Letter, form: Callable[[Letter], str]) -> list[Answer]:
    return [Answer(form(letter), "", letter.return_path)]


Form = Callable[[Letter, Refusal], str]


def cast(side: str, hard: tuple[Form, Form, Form], full: Form, policy: Form) -> list[Person]:
    """Forty of them, at that side; in these forms addresses that do not exist are reported, and a mailbox that is full,
    and a letter that a policy refused."""
    silent = [Person(name, "finished", STEPS)
              for name in ("ada", "bea", "cid", "dan", "eva", "fox", "gil", "hub", "ian")]
    machines = [
        Person("jan", "finished", STEPS, partial(away, subject="Out of office", text="I am out of the office today."),
               decision="nothing"),
        Person("kim", "finished", STEPS, partial(away, subject="Thank you for your message",
                                                 text="We have received your message and will answer soon."),
               decision="nothing"),
        Person("leo", "finished", STEPS, partial(report, form=bounce_formats.delay), decision="nothing"),
        Person("mia", "finished", STEPS, partial(report, form=bounce_formats.receipt), decision="nothing"),
        Person("ned", "finished", STEPS, partial(bounce, form=full, refusal=FULL), decision="nothing"),
        Person("oda", "finished", STEPS, partial(bounce, form=policy, refusal=POLICY), decision="nothing"),
    ]
    replies: list[tuple[str, Act]] = [
        ("pam", partial(reply, text="Yes, we do. Tell me more.")),
        ("quin", partial(reply, text="Ja.")),
        ("rita", reply_in_html),
        ("sam", partial(reply, text="Please call me on Thursday.", fields="")),
        ("tom", partial(reply_from_elsewhere, fields="In-Reply-To")),
        ("ula", partial(reply_from_elsewhere, fields="References")),
        ("vic", passed_on),
        ("wim", partial(reply, text="No, we have no need of it.", folder="Customers/Answers")),
        ("xia", partial(reply, text="Interesting, but not this year.", folder="Junk")),
        ("yan", reply_with_quote),
        ("zoe", reply_in_french),
    ]
    others = [
        Person("abe", "paused", 1, colleague, decision="paused"),
        Person("ben", "unsubscribed", 1, partial(reply, text="Please take me off your list."), decision="stopped"),
        Person("cal", "unsubscribed", 1, partial(reply, text="Bitte schreiben Sie mir nicht mehr."),
               decision="stopped"),
        Person("deb", "out_of_office", 1, away_in_english, decision="put_off"),
        Person("eli", "out_of_office", 1, away_in_german, decision="put_off"),
        Person("emil", "bounced", 0),
        *(Person(name, "bounced", 1, partial(bounce, form=form, refusal=NOBODY), decision="bounced")
          for name, form in zip(("fay", "gus", "hal"), hard, strict=True)),
        Person("ida", "suppressed", 1, partial(report, form=bounce_formats.complaint), decision="suppressed"),
        Person("joy", "replied", 2, partial(reply, text="Now I have time for it."), at_step=2, decision="stopped"),
        Person("kai", "paused", 1, is_by_hand=True),
        Person("lea", "blocked", 0, has_company=False),
        Person("max", "suppressed", 0),
    ]
    people = [Person(name, "replied", 1, act, decision="stopped") for name, act in replies]
    return [replace(person, side=side) for person in (*silent, *machines, *people, *others)]
