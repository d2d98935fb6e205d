"""How all our mails look: a greeting, short paragraphs, facts to find at a glance, our name; as text and as HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from app.gateways.mail import Attachment, Mail, message_id


@dataclass(frozen=True)
class Link:
    """An address of ours, or one that we vouch for: nothing else in a mail can be clicked."""

    url: str
    label: str = ""


#: Names and what they are: When, Where, Reason.
Facts = Mapping[str, str | Link]

#: A paragraph, facts, or a link that stands alone. What people wrote comes as a plain string.
Block = str | Facts | Link

# Mail programs know inline styles and little else.
_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title></head>
<body style="margin:0 auto;padding:24px;max-width:34em;font:16px/1.5 sans-serif;color:#222">
{body}
</body>
</html>
"""
_FACTS = '<table style="border-collapse:collapse;margin:16px 0">\n{rows}\n</table>'
_ROW = (
    '<tr style="vertical-align:top;text-align:left"><th style="padding:2px 16px 2px 0;font-weight:normal;color:#666">'
    '{name}</th><td style="padding:2px 0">{value}</td></tr>'
)


def write(
    to: str,
    reader: str,
    subject: str,
    blocks: Sequence[Block],
    *,
    name: object,
    attachments: Sequence[Attachment] = (),
) -> Mail:
    """Return a mail to an address; `name` makes its Message-ID, the same whenever this mail is sent again."""
    letter = [f"Hello {reader},", *blocks, "Amana"]
    return Mail(
        to=to,
        subject=subject,
        text="\n\n".join(_as_text(block) for block in letter) + "\n",
        html=_PAGE.format(title=escape(subject), body="\n".join(_as_html(block) for block in letter)),
        message_id=message_id(name),
        attachments=tuple(attachments),
    )


def _as_text(block: Block) -> str:
    match block:
        case str():
            return block
        case Link(url=url, label=label):
            return f"{label}:\n{url}" if label else url
        case _:
            return "\n".join(f"{name}: {_plain(value)}" for name, value in block.items())


def _as_html(block: Block) -> str:
    """Return the block as HTML: a name may hold < and &, a reason may have many lines."""
    match block:
        case str() | Link():
            return f"<p>{_marked(block)}</p>"
        case _:
            rows = (_ROW.format(name=escape(name), value=_marked(value)) for name, value in block.items())
            return _FACTS.format(rows="\n".join(rows))


def _plain(value: str | Link) -> str:
    return value.url if isinstance(value, Link) else value


def _marked(value: str | Link) -> str:
    if isinstance(value, Link):
        return f'<a href="{escape(value.url)}">{escape(value.label or value.url)}</a>'
    return escape(value).replace("\n", "<br>\n")
