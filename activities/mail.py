"""One notice mail: plain text that stands alone, the same as HTML, and the headers that keep
machines from answering it and programs from taking it apart."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import unquote, urlsplit

from activities.letters import Letter
from config.settings import Settings

SECONDS = 10
"""How long a mail server may take for each answer."""


@dataclass(frozen=True)
class Mail:
    """A mail to one person. ``id`` is the same however often it is sent."""

    id: str
    sender: str
    to: str = field(repr=False)
    letter: Letter = field(repr=False)
    host: str
    """The name that our pages are reached by, which ids are unique under."""
    links: str

    @classmethod
    def of(cls, mailing_id: str, address: str, letter: Letter, settings: Settings) -> Mail:
        host = urlsplit(settings.links).hostname or "localhost"
        return cls(mailing_id, settings.smtp_from, address, letter, host, settings.links)

    def message(self) -> EmailMessage:
        """The mail as it is sent. All mails about one case are one thread."""
        message = EmailMessage(policy=policy.SMTP)
        message["From"] = self.sender
        message["To"] = self.to
        message["Subject"] = self.letter.subject
        message["Date"] = formatdate(usegmt=True)
        message["Message-ID"] = f"<{self.id}@{self.host}>"
        if self.letter.about:
            thread = f"<{self.letter.about.replace('/', '.')}@{self.host}>"
            message["In-Reply-To"] = thread
            message["References"] = thread
        message["List-Id"] = f"Answerable <notices.{self.host}>"
        message["List-Unsubscribe"] = f"<{self.links}/me/notices>"
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
        message.set_content(self.letter.text, cte="quoted-printable")
        message.add_alternative(self.letter.html, subtype="html", cte="quoted-printable")
        return message


class Refused(Exception):
    """The mail server will not take this mail, however often it is sent."""


def send_mail(url: str, mail: Mail) -> None:
    """Send by the server of an smtp:// or smtps:// URL; STARTTLS wherever it is offered.

    A password is never sent in clear: without TLS, one that is given is refused. Raises Refused
    where sending again is in vain, SMTPException or OSError where it may be tried again.
    """
    try:
        _send(url, mail)
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        if min(codes) >= 500:
            raise Refused(f"smtp_{min(codes)}") from None
        raise
    except smtplib.SMTPNotSupportedError:
        raise Refused("smtp_not_supported") from None
    except smtplib.SMTPDataError as error:
        if error.smtp_code >= 500:
            raise Refused(f"smtp_{error.smtp_code}") from None
        raise


def _send(url: str, mail: Mail) -> None:
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
