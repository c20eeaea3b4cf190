"""``jsjb keys rotate``: a new key for the encrypted fields of every table."""

from __future__ import annotations

import os
from collections.abc import Callable

from bot.tables import metadata
from dispatch.core import rotation
from dispatch.core.database import Database
from dispatch.core.keys import KeysLostError, load_keys
from dispatch.core.rotation import EncryptedColumns, SystemRunningError
from dispatch.core.settings import Settings
from dispatch.media.service import FETCH

_VARIABLE = "JSJB_KEY_FIELD"
_COLUMNS = {
    "orders": ("contact_name", "contact_phone"),
    "drafts": ("contact_name", "contact_phone"),
    "emergencies": ("full_text",),
    "conversations": ("address",),
    "messages": ("original",),
    "conversation_notes": ("original",),
    "transcript_calls": ("recording",),
    "transcript_segments": ("original",),
    "open311_requests": ("email",),
    "media_files": ("position",),
    "media_links": ("url",),
    "webhook_subscriptions": ("secret",),
    "idempotency_keys": ("answer",),
}
PLACES = [EncryptedColumns(metadata.tables[table], columns) for table, columns in _COLUMNS.items()]
PLACES.append(EncryptedColumns(metadata.tables["outbox"], ("payload",), inside="url", kind=FETCH))
"""Every place where the platform keeps encrypted values."""


class RotationRefusedError(Exception):
    """The keys can't be changed now; the message says why and what to do."""


def rotate(settings: Settings, say: Callable[[str], None], *, finish: bool) -> None:
    """Begin a rotation or take up one that was begun; with ``finish`` drop the old keys, if nothing stands under them any more.

    Raises:
        RotationRefusedError: there is no system, somebody is connected to it, its keys come from the environment and have to be changed
            there first, or values are left that the new key doesn't open.
    """
    if settings.database_url is None and not (settings.data_dir / "jsjb.sqlite3").is_file():
        raise RotationRefusedError(f"数据目录 {settings.data_dir} 里没有数据库")
    database = Database(settings.resolved_database_url())
    try:
        rotation.check_alone(database)
        keys = load_keys(settings.data_dir, fresh_system=False).field
        if finish:
            _finish(settings, database, keys, say)
        else:
            _rotate(settings, database, keys, say)
    except SystemRunningError as error:
        raise RotationRefusedError("系统还在运行（有别的进程连着数据库）：请先停止 jsjb up，再更换密钥") from error
    except KeysLostError as error:
        raise RotationRefusedError(str(error)) from error
    finally:
        database.dispose()


def _rotate(settings: Settings, database: Database, keys: str, say: Callable[[str], None]) -> None:
    if "," in keys:
        say("接着上次的更换继续……")
    elif os.environ.get(_VARIABLE):
        raise RotationRefusedError(
            f"密钥来自环境变量 {_VARIABLE}：请把它改成“新密钥,旧密钥”（新的在前，逗号隔开），再运行一次本命令；"
            "新密钥可用 python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())' 生成"
        )
    else:
        keys = rotation.put_in_front(settings.data_dir / "keys" / "field", keys)
        say("新密钥已写入密钥文件，旧密钥仍保留。请备份密钥文件。")
    renewed = unreadable = 0
    for batch in rotation.reencrypt(database, keys, PLACES):
        renewed, unreadable = renewed + batch.renewed, unreadable + batch.unreadable
    say(f"重新加密了 {renewed} 个值。")
    if unreadable:
        raise RotationRefusedError(f"有 {unreadable} 个值用现有的密钥都打不开，保持原样；请找回它们的密钥，加在现有密钥后面，再运行一次")
    say("确认无误后运行 jsjb keys rotate --finish 去掉旧密钥。")


def _finish(settings: Settings, database: Database, keys: str, say: Callable[[str], None]) -> None:
    newest, *old = keys.split(",")
    if not old:
        say("没有旧密钥可去掉。")
        return
    left = rotation.left_over(database, newest, PLACES)
    if left:
        raise RotationRefusedError(f"还有 {left} 个值不在新密钥之下，旧密钥不能去掉：请先运行 jsjb keys rotate")
    if os.environ.get(_VARIABLE):
        say(f"全部值都在新密钥之下：请把环境变量 {_VARIABLE} 改成只留第一个密钥。")
        return
    rotation.write_key(settings.data_dir / "keys" / "field", newest)
    say("旧密钥已去掉。")
