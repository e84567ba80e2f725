"""One notice mail: plain sentences, one reason and one link each."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import unquote, urlsplit

from config.settings import Settings
from domain.messages import Mailing

SENTENCES = {
    "assigned_to_you": "A case was assigned to you.",
    "decision_wanted": "A decision is wanted from you.",
    "decided": "Your proposal has been decided.",
    "mentioned": "A colleague named you in a note.",
    "commenter_spoke": "The commenter has said more.",
    "review_wanted": "A reply waits for somebody else to read it before it goes out.",
    "review_wanted_again": "The commenter spoke before a cleared reply was out: please read again.",
    "review_late": "Words wait to be read by somebody else, longer than they should.",
    "reply_still_failed": "A reply could not be published, and nobody has seen to it yet.",
    "reply_still_unconfirmed": "We still do not know whether a reply arrived; please look.",
    "due_soon": "A deadline is near.",
    "late": "A deadline has passed.",
    "promise_made": "You are accountable for a promise that is now public.",
    "promise_broken": "A promise is now openly broken: its date has passed.",
    "promise_withdrawn": "A promise that you are accountable for was withdrawn, openly.",
    "promise_denied": "The commenter says that a promise was not kept: an answer is wanted.",
    "promise_confirmed": "The commenter confirms that a promise was kept.",
    "promise_reopened": "A promise is owed again: the commenter said that it was not kept.",
    "denial_rejected": "The company stands by its word that a promise was kept.",
    "commenter_asked": "The public has read that a promise is kept; now the commenter is asked.",
    "still_waiting": "Nothing has moved on a promise, and it still waits.",
    "new_date_wanted": "Another date for a promise waits for an executive to decide.",
    "new_date_to_accept": "Somebody asks for another date for your promise: accept it, or refuse.",
    "new_date_agreed": "Another date for a promise is agreed to, and its words are on their way.",
    "new_date_refused": "Another date for a promise was refused: the date stands.",
    "new_date_set": "The public can read another date for a promise: from now on it counts.",
    "new_date_lapsed": "Another date for a promise never came to count.",
    "reply_failed": "A reply could not be published.",
    "reply_unconfirmed": "We do not know whether a reply arrived; please look at the channel.",
    "reply_returned": "A reply was given back to you for changes.",
    "reply_withdrawn": "A reply was withdrawn.",
    "release_halted": "The answer of a matter was halted: nobody more is answered with it.",
    "release_stalled": "The answer of a matter does not reach those who wait for it.",
    "members_left_over": "A matter stays open: somebody who joined it still waits for an answer.",
    "token_made_for_you": "Somebody else made a token that acts in your name. If you did not ask "
    "for it, have it revoked.",
    "absence_planned_for_you": "Somebody else planned an absence for you. If it is wrong, end it.",
    "deputy_for_somebody": "You are the deputy of somebody who will be absent.",
    "decisions_delegated_to_you": "Somebody delegated their decisions to you.",
    "decisions_delegated_in_your_name": "Somebody else delegated your decisions. If you did not "
    "ask for it, end it.",
}
"""What each reason of a notice says to its reader."""

SECONDS = 15
"""How long a mail server may take for each answer."""


@dataclass(frozen=True)
class Mail:
    id: str
    sender: str
    to: str | None
    subject: str
    text: str

    @classmethod
    def of(cls, mailing: Mailing, name: str, address: str | None, settings: Settings) -> Mail:
        """The mail for one person; it holds no word of any commenter."""
        lines = [
            f"{SENTENCES.get(n.reason, n.reason)}\n{settings.links}/{n.about}"
            for n in mailing.notices
        ]
        first = SENTENCES.get(mailing.notices[0].reason, mailing.notices[0].reason)
        more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
        text = "\n\n".join((f"Hello {name},", *lines, "Answerable"))
        return cls(mailing.id, settings.smtp_from, address, f"{first}{more}", text + "\n")

    def message(self) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self.sender
        message["To"] = self.to
        message["Subject"] = self.subject
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(idstring=self.id)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(self.text)
        return message


def send_mail(url: str, mail: Mail) -> None:
    """Send by the server of an smtp:// or smtps:// URL; STARTTLS wherever it is offered.

    A password is never sent in clear: without TLS, one that is given is refused.
    """
    server = urlsplit(url)
    host, context = server.hostname or "localhost", ssl.create_default_context()
    if server.scheme == "smtps":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            host, server.port or 465, timeout=SECONDS, context=context
        )
    else:
        smtp = smtplib.SMTP(host, server.port or 25, timeout=SECONDS)
    with smtp:
        is_safe = server.scheme == "smtps"
        smtp.ehlo_or_helo_if_needed()
        if not is_safe and smtp.has_extn("starttls"):
            smtp.starttls(context=context)
            is_safe = True
        if server.username:
            if not is_safe:
                raise smtplib.SMTPException("the server offers no TLS; no password is sent to it")
            smtp.login(unquote(server.username), unquote(server.password or ""))
        smtp.send_message(mail.message())
