"""How all our mails look: a greeting, short paragraphs, our name; the same in plain text and in HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from app.gateways.mail import Attachment, Mail, message_id


def write(
    to: str,
    reader: str,
    subject: str,
    paragraphs: Sequence[str],
    *,
    name: object,
    attachments: Sequence[Attachment] = (),
) -> Mail:
    """Return a mail to an address; `name` makes its Message-ID, the same whenever this mail is sent again."""
    lines = [f"Hello {reader},", *paragraphs, "Amana"]
    return Mail(
        to=to,
        subject=subject,
        text="\n\n".join(lines) + "\n",
        html="<!doctype html>\n" + "\n".join(f"<p>{_linked(line)}</p>" for line in lines) + "\n",
        message_id=message_id(name),
        attachments=tuple(attachments),
    )


def _linked(line: str) -> str:
    """Return the line as HTML: a name may hold < and &, a link can be clicked."""
    shown = escape(line)
    return f'<a href="{shown}">{shown}</a>' if line.startswith(("http://", "https://")) else shown
