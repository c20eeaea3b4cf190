"""The ``jsjb`` command. Results on stdout, everything else on stderr; exit codes 0 done, 1 failed, 2 bad usage."""

from __future__ import annotations

import signal
import sys
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from dispatch.core.settings import Settings

app = typer.Typer(
    name="jsjb", help="接诉即办：12345 市民诉求系统。", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False
)
knowledge = typer.Typer(help="热线知识库：导入、检索（第十三条）。", no_args_is_help=True)
audit = typer.Typer(help="审计（第二十九条）。", no_args_is_help=True)
imports = typer.Typer(help="批量受理（第三十二条：其他渠道）。", no_args_is_help=True)
corrections = typer.Typer(help="人工更正过的研判结果。", no_args_is_help=True)
keys = typer.Typer(help="密钥（第二十九条：不得泄露个人隐私）。", no_args_is_help=True)
retention = typer.Typer(help="保存期限（第二十九条：不得泄露个人隐私）。", no_args_is_help=True)
bench = typer.Typer(help="基准测试：表格打印在标准错误，JSON 打印在标准输出。", no_args_is_help=True)
app.add_typer(knowledge, name="knowledge")
app.add_typer(audit, name="audit")
app.add_typer(imports, name="import")
app.add_typer(corrections, name="corrections")
app.add_typer(keys, name="keys")
app.add_typer(retention, name="retention")
app.add_typer(bench, name="bench")

DataDir = Annotated[Path, typer.Option("--data-dir", help="数据目录：数据库、附件和密钥；两个目录就是两套系统。", show_default=True)]
DatabaseUrl = Annotated[str | None, typer.Option("--database-url", help="SQLAlchemy 数据库地址；默认用数据目录下的 SQLite。")]
InputFile = Annotated[Path | None, typer.Argument(help="输入文件；不给就读标准输入。", exists=True, dir_okay=False, readable=True)]
SharedData = Annotated[Path, typer.Option("--data", help="真实数据所在目录（不随项目发布）。", file_okay=False)]
JsonOut = Annotated[Path | None, typer.Option("--json", help="把结果另存为 JSON 文件。", dir_okay=False)]

MatterModel = Annotated[
    Path | None, typer.Option("--matter-model", help="jsjb learn --save 存下的事项模型：有把握时先听它的。", exists=True, dir_okay=False)
]
UnitModel = Annotated[
    Path | None, typer.Option("--unit-model", help="jsjb learn --save 存下的承办单位模型：有把握时先听它的。", exists=True, dir_okay=False)
]
LearnedThreshold = Annotated[
    float | None, typer.Option("--learned-threshold", help="模型的把握达到多少才听它的（默认 0.6）。", min=0.01, max=1.0)
]

_DEFAULT_DATA_DIR = Path("var")
_DEFAULT_SHARED = Path("../shared/data")


class CorrectionField(str, Enum):
    """What can be corrected (``dispatch.understanding.corrections``; named here too so that --help needn't load it)."""

    REQUEST_TYPE = "request_type"
    MATTER = "matter"
    DISTRICT = "district"
    STREET = "street"
    UNIT = "unit"


def say(text: str) -> None:
    """Tell a person something, on stderr."""
    typer.echo(text, err=True)


def _settings(data_dir: Path, database_url: str | None, **more: Any) -> Settings:
    given = {key: value for key, value in {"data_dir": data_dir, "database_url": database_url, **more}.items() if value is not None}
    return Settings(**given)


def _finish(bad: int) -> None:
    if bad:
        say(f"{bad} 行有误，其余照常处理。")
        raise typer.Exit(1)


@app.command()
def up(
    data_dir: DataDir = _DEFAULT_DATA_DIR,
    database_url: DatabaseUrl = None,
    port: Annotated[int, typer.Option(help="平台端口。", min=1, max=65535)] = 8000,
    host: Annotated[str, typer.Option(help="平台监听的地址。")] = "127.0.0.1",
    public_url: Annotated[str | None, typer.Option(help="市民访问本系统的地址，写在给市民的链接里。")] = None,
    matter_model: MatterModel = None,
    unit_model: UnitModel = None,
    learned_threshold: LearnedThreshold = None,
    demo: Annotated[bool, typer.Option("--demo", help="在空的数据目录里生成一个区虚构的一天，每页都注明是演示数据。")] = False,
) -> None:
    """启动整套系统：平台、动作服务、Rasa；Ctrl-C 全部停止。"""
    from bot.demo import fill
    from bot.model import TrainingFailedError, ensure_model
    from bot.supervisor import ChildFailedError, PortTakenError, Supervisor, check_port
    from bot.system import demo_logins, learned_labels, open_platform, seed_knowledge
    from dispatch.core.keys import KeysLostError
    from dispatch.understanding.learned import ModelError

    models = {"matter_model": matter_model, "unit_model": unit_model, "learned_threshold": learned_threshold}
    settings = _settings(data_dir, database_url, port=port, host=host, public_url=public_url, **models)
    filled = fill.is_demo(data_dir)
    settings = settings.model_copy(update={"demo": demo or filled})
    try:
        check_port(host, port)
        model = ensure_model(say)
        say("准备数据库……")
        platform = open_platform(settings)
        for what, file, usable, labels in learned_labels(settings, platform):
            say(f"{what}先由学习模型 {file} 判断：{labels} 个类别中 {usable} 个在现行目录里")
        logins = demo_logins(platform)
        seed_knowledge(platform)
        if demo and not filled:
            say("生成演示数据……")
            fill.fill(platform, say)
            logins = demo_logins(platform)
        platform.database.dispose()
        supervisor = Supervisor(settings, platform.keys, model, say)
    except fill.NotEmptyError as error:
        say(f"{data_dir} 里已经有工单：演示数据只能装进空的数据目录，请用 --data-dir 另指一个")
        raise typer.Exit(2) from error
    except (PortTakenError, TrainingFailedError, KeysLostError, ModelError) as error:
        say(str(error))
        raise typer.Exit(1) from error

    def stop(_number: int, _frame: object) -> None:
        supervisor.request_stop()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    try:
        say("启动服务……")
        supervisor.start()
        if not supervisor.stopping:
            _print_addresses(settings.resolved_public_url(), logins.passwords)
        supervisor.watch()
    except ChildFailedError as error:
        say(str(error))
        raise typer.Exit(1) from error
    finally:
        say("正在停止……")
        supervisor.stop()


def _print_addresses(base: str, passwords: dict[str, str]) -> None:
    typer.echo(f"市民网页    {base}/")
    typer.echo(f"话务员工作台 {base}/desk")
    typer.echo(f"承办单位等   {base}/console")
    typer.echo(f"接口文档    {base}/docs")
    if passwords:
        typer.echo("演示账号（首次启动时生成）：")
        for username, password in passwords.items():
            typer.echo(f"  {username:<12}{password}")
    sys.stdout.flush()


@app.command()
def understand(
    file: InputFile = None,
    data_dir: DataDir = _DEFAULT_DATA_DIR,
    database_url: DatabaseUrl = None,
    matter_model: MatterModel = None,
    unit_model: UnitModel = None,
    learned_threshold: LearnedThreshold = None,
) -> None:
    """读懂每条诉求：JSON Lines 进（id、text），JSON Lines 出，顺序不变。用数据目录里生效的派单目录，没有就用随版本发布的。"""
    from bot.jsonl import opened, process, require_text
    from bot.system import reference_in_force
    from dispatch.understanding.learned import ModelError
    from dispatch.understanding.service import understand as read

    models = {"matter_model": matter_model, "unit_model": unit_model, "learned_threshold": learned_threshold}
    try:
        reference = reference_in_force(_settings(data_dir, database_url, **models))
    except ModelError as error:
        say(str(error))
        raise typer.Exit(1) from error

    def work(record: dict[str, Any]) -> dict[str, Any]:
        return read(require_text(record, "text"), reference).model_dump(mode="json")

    with opened(file) as lines:
        _finish(process(lines, sys.stdout.buffer, work, label="研判"))


@app.command()
def survey(file: InputFile = None, data_dir: DataDir = _DEFAULT_DATA_DIR, database_url: DatabaseUrl = None) -> None:
    """读懂回访答复：是否联系、是否解决、是否满意（第二十四条）。不读也不写数据目录。"""
    from bot.jsonl import opened, process, require_text
    from nlu import survey_reply

    def work(record: dict[str, Any]) -> dict[str, Any]:
        reply = survey_reply.read(require_text(record, "text"))
        return {"contacted": reply.contacted, "resolved": reply.resolved, "satisfied": reply.satisfied}

    with opened(file) as lines:
        _finish(process(lines, sys.stdout.buffer, work, label="回访"))


@knowledge.command("import")
def knowledge_import(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV（id,question,passage,dept）、JSON Lines、Markdown、DOCX 或 PDF", exists=True, dir_okay=False, readable=True
        ),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只报告会怎样，不写入。")] = False,
    data_dir: DataDir = _DEFAULT_DATA_DIR,
    database_url: DatabaseUrl = None,
) -> None:
    """导入问答；重复导入是更新，不会变成两份。有误的行单独报告，其余照常导入。"""
    from bot.commands.knowledge import ImportRefusedError, import_file

    try:
        bad = import_file(_settings(data_dir, database_url), file, say, dry_run=dry_run)
    except ImportRefusedError as error:
        say(str(error))
        raise typer.Exit(1) from error
    _finish(bad)


@knowledge.command("search")
def knowledge_search(file: InputFile = None, data_dir: DataDir = _DEFAULT_DATA_DIR, database_url: DatabaseUrl = None) -> None:
    """检索：JSON Lines 进（id、query），JSON Lines 出（hits 十条、answer 是否足以即时答复）。"""
    from bot.commands.knowledge import searcher
    from bot.jsonl import opened, process, require_text

    search = searcher(_settings(data_dir, database_url))

    def work(record: dict[str, Any]) -> dict[str, Any]:
        return search(require_text(record, "query"))

    with opened(file) as lines:
        _finish(process(lines, sys.stdout.buffer, work, label="检索"))


@app.command()
def learn(
    text: Annotated[str, typer.Option("--text", help="正文所在的列。")],
    label: Annotated[str, typer.Option("--label", help="类别所在的列。")],
    train: Annotated[Path, typer.Option("--train", help="训练用 CSV。", exists=True, dir_okay=False)],
    test: Annotated[Path, typer.Option("--test", help="检验用 CSV。", exists=True, dir_okay=False)],
    out: Annotated[Path | None, typer.Option("--out", help="每个检验行一行 JSON：前三个类别。", dir_okay=False)] = None,
    save: Annotated[Path | None, typer.Option("--save", help="把学到的模型存成一个文件，供 jsjb up 使用。", dir_okay=False)] = None,
    data_dir: DataDir = _DEFAULT_DATA_DIR,
    database_url: DatabaseUrl = None,
) -> None:
    """从一座城市自己的历史里学分类，并在检验集上报告准确率、宏平均 F1 和每条毫秒数。"""
    from bot.commands.learn import run

    try:
        run(text, label, train, test, out, save, say)
    except ValueError as error:
        say(str(error))
        raise typer.Exit(2) from error
    except OSError as error:
        say(f"{error.filename}：{error.strerror}")
        raise typer.Exit(1) from error


@imports.command("orders")
def imports_orders(file: InputFile = None, data_dir: DataDir = _DEFAULT_DATA_DIR, database_url: DatabaseUrl = None) -> None:
    """批量导入诉求：CSV（text,channel,received_at,phone,address）进，每行一条 JSON 结果出；重复导入不会变成两件，有误的行单独报告。"""
    from bot.commands.import_orders import ImportFileError, import_orders

    try:
        bad = import_orders(_settings(data_dir, database_url), file, say)
    except ImportFileError as error:
        say(str(error))
        raise typer.Exit(1) from error
    _finish(bad)


@corrections.command("export")
def corrections_export(
    field: Annotated[CorrectionField, typer.Option("--field", help="哪一项被更正。")],
    out: Annotated[Path | None, typer.Option("--out", help="写到这个文件；不给就打印。", dir_okay=False)] = None,
    data_dir: DataDir = _DEFAULT_DATA_DIR,
    database_url: DatabaseUrl = None,
) -> None:
    """导出人工更正过的研判结果：CSV，text、label 两列，可直接交给 jsjb learn。只读数据库。"""
    from bot.commands.corrections import NoSystemError, export

    try:
        rows = export(_settings(data_dir, database_url), field.value, out)
    except (NoSystemError, OSError) as error:
        say(str(error))
        raise typer.Exit(1) from error
    say(f"{rows} 条更正。")


@keys.command("rotate")
def keys_rotate(
    finish: Annotated[bool, typer.Option("--finish", help="去掉旧密钥；还有值在旧密钥之下就拒绝。")] = False,
    data_dir: DataDir = _DEFAULT_DATA_DIR,
    database_url: DatabaseUrl = None,
) -> None:
    """更换加密联系方式的密钥：换上新密钥，逐批重新加密；中断了再运行一次就接着做。须先停止系统。"""
    from bot.commands.keys import RotationRefusedError, rotate

    try:
        rotate(_settings(data_dir, database_url), say, finish=finish)
    except RotationRefusedError as error:
        say(str(error))
        raise typer.Exit(1) from error


@app.command("open-data")
def open_data(
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="第一天（北京时间），如 2026-01-01。")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="最后一天（含）。")],
    out: Annotated[Path, typer.Option("--out", help="写到哪个目录；没有就新建。")],
    data_dir: DataDir = _DEFAULT_DATA_DIR,
    database_url: DatabaseUrl = None,
) -> None:
    """可公开的统计数据：CSV、数据字典（Frictionless Data Package）和检查记录；每行不少于 5 件，通不过检查就不发布。"""
    from bot.commands.report import ReportUsageError, publish
    from dispatch.reports.open_data import UnsafeExtractError

    try:
        publish(_settings(data_dir, database_url), first.date(), last.date(), out, typer.echo)
    except ReportUsageError as error:
        say(str(error))
        raise typer.Exit(2) from error
    except UnsafeExtractError as error:
        say(f"没有发布：{error}")
        raise typer.Exit(1) from error
    except OSError as error:
        say(f"--out: 写不进去（{error.strerror}）")
        raise typer.Exit(1) from error


@retention.command("run")
def retention_run(
    days: Annotated[int | None, typer.Option(help="保存多少天；默认按 JSJB_RETENTION_DAYS。", min=1)] = None,
    apply: Annotated[bool, typer.Option("--apply", help="真的执行；不加只试算。不能撤销。")] = False,
    data_dir: DataDir = _DEFAULT_DATA_DIR,
    database_url: DatabaseUrl = None,
) -> None:
    """把办结已久的工单和会话匿名：抹去文字、联系方式和附件，统计不变。先试算，再加 --apply。"""
    from bot.commands.retention import RetentionRefusedError, run

    try:
        run(_settings(data_dir, database_url), days, say, apply=apply)
    except RetentionRefusedError as error:
        say(str(error))
        raise typer.Exit(1) from error


@app.command()
def report(
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="第一天（北京时间），如 2026-01-01。")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="最后一天（含）。")],
    out: Annotated[Path, typer.Option("--out", help="写到哪个目录；没有就新建。")],
    unit: Annotated[str | None, typer.Option("--unit", help="承办单位代码：只出该单位自己的报告（第二十六条、第二十七条）。")] = None,
    pdf: Annotated[bool, typer.Option("--pdf/--no-pdf", help="是否同时出 PDF。")] = True,
    data_dir: DataDir = _DEFAULT_DATA_DIR,
    database_url: DatabaseUrl = None,
) -> None:
    """年度或任一时段的工作报告（第二十八条）：带图表的 HTML、每张表一个 CSV、PDF。"""
    from bot.commands.report import ReportUsageError
    from bot.commands.report import report as make

    try:
        make(_settings(data_dir, database_url), first.date(), last.date(), out, unit, typer.echo, with_pdf=pdf)
    except ReportUsageError as error:
        say(str(error))
        raise typer.Exit(2) from error
    except OSError as error:
        say(f"--out: 写不进去（{error.strerror}）")
        raise typer.Exit(1) from error


@audit.command("verify")
def audit_verify(data_dir: DataDir = _DEFAULT_DATA_DIR, database_url: DatabaseUrl = None) -> None:
    """核对每张工单的历史链条：改动、删除、调换都会被发现。"""
    from dispatch.core.database import Database
    from dispatch.orders.service import removed, verify

    settings = _settings(data_dir, database_url)
    total = broken = 0
    with Database(settings.resolved_database_url()).read() as session:
        for _order, faults in verify(session):
            total += 1
            broken += bool(faults)
            for fault in faults:
                typer.echo(fault)
        gaps = removed(session)
    for gap in gaps:
        typer.echo(gap)
    say(f"核对了 {total} 张工单，{broken} 张有问题。")
    if broken or gaps:
        raise typer.Exit(1)


@bench.command("turn")
def bench_turn(
    turns: Annotated[int, typer.Option(help="每一方各测多少轮。", min=20)] = 300,
    json_out: JsonOut = None,
) -> None:
    """同一轮对话经过网关与直接发给 Rasa 的用时之比（p50、p99）。"""
    from bot.bench.turn import run

    run(turns, json_out, say)


@bench.command("day")
def bench_day(
    requests: Annotated[int, typer.Option(help="多少件诉求；北京一天是 30245。", min=1)] = 500,
    at_once: Annotated[int, typer.Option(help="同时进行多少件。", min=1, max=1000)] = 12,
    channels: Annotated[str, typer.Option(help="各渠道的份额；phone 是通话转写，import 是批量受理。")] = (
        "web=30,sms=15,telegram=15,phone=25,import=10,api=5"
    ),
    postgres: Annotated[bool, typer.Option("--postgres", help="在 PostgreSQL 上测，而不是 SQLite。")] = False,
    json_out: JsonOut = None,
) -> None:
    """北京的一天：各渠道、各类诉求从第一句话到派出工单，用时、CPU、丢失和重复；有丢失或重复时退出码为 1。"""
    from bot.bench.day import Load, SharesError, run, shares
    from bot.bench.orders import NoPostgresError

    try:
        run(Load(requests, at_once, shares(channels)), postgres=postgres, json_out=json_out, say=say)
    except SharesError as error:
        raise typer.BadParameter(str(error)) from error
    except NoPostgresError as error:
        say(str(error))
        raise typer.Exit(1) from error


@bench.command("live")
def bench_live(
    operators: Annotated[int, typer.Option(help="多少个话务员工作台（SSE）。", min=1, max=1000)] = 200,
    chats: Annotated[int, typer.Option(help="多少个打开的会话（WebSocket）。", min=10, max=20_000)] = 2000,
    seconds: Annotated[int, typer.Option(help="收发多少秒。", min=5, max=540)] = 60,
    per_second: Annotated[float, typer.Option(help="每秒多少件事：十分之六是诉求人说话，三是话务员回复，一是进入队列。", min=0.1)] = 30,
    database_url: DatabaseUrl = None,
    json_out: JsonOut = None,
) -> None:
    """200 个工作台、2,000 个会话同时打开：事件发出、收到、丢失和时延。"""
    from bot.bench.live import Load, run

    run(Load(operators, chats, seconds, per_second), database_url, json_out, say)


@bench.command("conversations")
def bench_conversations(
    data: SharedData = _DEFAULT_SHARED,
    count: Annotated[int, typer.Option(help="多少个会话。", min=1)] = 200,
    json_out: JsonOut = None,
) -> None:
    """真实诉求逐条走完整个系统：以工单、答复还是特别途径结束。"""
    from bot.bench.conversations import run

    run(data, count, json_out, say)


@bench.command("understand")
def bench_understand(
    data: SharedData = _DEFAULT_SHARED,
    quick: Annotated[bool, typer.Option(help="不与 Rasa 自带的 DIET 流水线比较。")] = False,
    json_out: JsonOut = None,
) -> None:
    """在留出的真实诉求上比较分类准确率与速度。"""
    from bot.bench.understand import run

    run(data, json_out, quick=quick)


@bench.command("year")
def bench_year(
    count: Annotated[int, typer.Option(help="一年多少件；2020 年是 11039400。", min=1000)] = 1_000_000,
    sqlite: Annotated[bool, typer.Option("--sqlite", help="在 SQLite 上测，而不是 PostgreSQL。")] = False,
    database_url: DatabaseUrl = None,
    json_out: JsonOut = None,
) -> None:
    """灌入一年的工单，测统计、年度报告和数据页的用时。"""
    from bot.bench.orders import NoPostgresError
    from bot.bench.year import run

    try:
        run(count, sqlite, database_url, json_out, say)
    except NoPostgresError as error:
        say(str(error))
        raise typer.Exit(1) from error


@bench.command("orders")
def bench_orders(
    small: Annotated[int, typer.Option(help="小库的工单数。", min=1000)] = 10_000,
    large: Annotated[int, typer.Option(help="大库的工单数。", min=1000)] = 1_000_000,
    repeats: Annotated[int, typer.Option(help="每种操作测多少次。", min=10)] = 200,
    database_url: DatabaseUrl = None,
    json_out: JsonOut = None,
) -> None:
    """建单、签收、收件页、到期巡检在小库与大库（PostgreSQL）上的成本之比，以及经 HTTP 每秒建单数。"""
    from bot.bench.orders import NoPostgresError, run

    try:
        run((small, large), repeats, database_url, json_out, say)
    except NoPostgresError as error:
        say(str(error))
        raise typer.Exit(1) from error


@bench.command("knowledge")
def bench_knowledge(data: SharedData = _DEFAULT_SHARED, json_out: JsonOut = None) -> None:
    """知识库检索与 BM25 的对比，以及一万条时的 p99。"""
    from bot.bench.knowledge import run

    run(data, json_out)


@bench.command("insight")
def bench_insight(json_out: JsonOut = None) -> None:
    """模拟的三年数据和诉求里埋下的激增、重复件和同一件事，找得准不准、全不全，与固定阈值和 TF-IDF 聚类比较。"""
    from bot.bench.insight import run

    run(json_out)


def main() -> None:
    """Entry point of the ``jsjb`` script."""
    app()


if __name__ == "__main__":
    main()
