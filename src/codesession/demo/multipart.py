"""What does a form say that was sent in parts, as recordings and files are? (RFC 7578)."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import HTTP
from typing import Any

from codesession.errors import InvalidInput

IS_FORM = "multipart/form-data"


def fields_of(content_type: str, raw: bytes) -> dict[str, Any]:
    r"""The fields of the form `raw`: text, and bytes where a file name is given; ``stream`` as JSON would say it.

    >>> form = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--'
    >>> fields_of("multipart/form-data; boundary=x", form)
    {'a': 'b'}

    Raises:
        InvalidInput: it is not a form.
    """
    message = message_from_bytes(b"content-type: %b\r\n\r\n%b" % (content_type.encode("latin-1"), raw), policy=HTTP)
    if not message.is_multipart():
        raise InvalidInput("We could not parse the form of your request.")
    fields: dict[str, Any] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(content, bytes) and part.get_filename() is None:
            content = content.decode()
        fields[str(name)] = content
    if fields.get("stream") in ("true", "True"):
        fields["stream"] = True
    return fields
