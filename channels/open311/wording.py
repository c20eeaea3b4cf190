"""What the Open311 API says; apps show it to residents."""

from __future__ import annotations

UNKNOWN_JURISDICTION = "jurisdiction_id: 没有这个辖区，本服务的辖区是 beijing.gov.cn"
UNKNOWN_SERVICE = "service_code: 没有这个服务事项，请先取 services"
UNKNOWN_REQUEST = "service_request_id: 没有这个诉求"
UNKNOWN_TOKEN = "token: 没有这个凭据"  # noqa: S105 - a sentence
UNKNOWN_ADDRESS = "address_id: 没有这个地址代码；地址代码是区、街道、乡镇的行政区划代码"
UNKNOWN_PATH = "没有这个地址；可用的见 discovery"
WRONG_METHOD = "这个地址不支持这种请求方法"
NO_KEY = "api_key: 缺少，提交诉求需要密钥"
WRONG_KEY = "api_key: 无效，或没有提交诉求的权限"
NO_LOCATION = "lat 和 long、address_string、address_id 至少给一种"
TOO_LARGE = "提交的内容太大"
NOT_A_FORM = "内容应为表单（application/x-www-form-urlencoded 或 multipart/form-data）"
REQUEST_TYPES = {"求助": "求助", "投诉": "投诉", "举报": "举报", "建议": "建议"}
REQUEST_TYPE = "诉求类型"
REQUEST_TYPE_HELP = "可不填，由系统判断"
KEY_SERVICE = "向市民热线服务中心申请密钥（管理员在系统里发放服务令牌）"
CONTACT = "北京市 12345 市民热线服务中心"


def missing(name: str) -> str:
    """Return what to say of a parameter that is missing."""
    return f"{name}: 缺少"


def bad(name: str, wanted: str) -> str:
    """Return what to say of a parameter that is wrong."""
    return f"{name}: {wanted}"


def filed(unit: str, deadline: str | None) -> str:
    """Return the notice on a request that was filed."""
    return f"已登记，由{unit}办理，办理时限 {deadline}。" if deadline else f"已登记，由{unit}办理。"


def file_refused(why: str) -> str:
    """Return the notice on a file that wasn't taken."""
    return f"附件没有收下：{why}。"
