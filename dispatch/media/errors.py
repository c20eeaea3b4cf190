"""Why a file or a link is refused. Messages are for whoever sent it, and hold none of its content."""

from __future__ import annotations


class MediaError(Exception):
    """A file can't be taken; the message says why, and what would be right. ``kind`` is the last part of the problem type."""

    kind = "media-refused"
    status = 422


class TooLargeError(MediaError):
    """More bytes, pixels or parts than are taken."""

    kind = "media-too-large"
    status = 413


class WrongTypeError(MediaError):
    """Not of a type that is taken, or not what it says it is."""

    kind = "media-type"
    status = 415


class TooManyError(MediaError):
    """There are as many files as one conversation or order can have."""

    kind = "media-too-many"
    status = 409


class FetchError(MediaError):
    """It can't be fetched now; trying again may help."""

    kind = "media-fetch"
    status = 502


class ForbiddenAddressError(MediaError):
    """The link leads where the public can't go: into a private network, to another scheme, or in circles."""

    kind = "media-address"
