"""What the analysis finds in simulated years and simulated complaints, where it is known what there is to find.

Surges are planted into three years of counts that rise, have seasons, weekdays and more chance than a Poisson process; each method looks at
every week of the last year. The comparison, a plain threshold on the week's count, gets the threshold that is best in hindsight. Stories
are problems at places in the words of several people; the comparison, clusters of TF-IDF vectors, gets its best threshold in hindsight too.
Everything is simulated with a fixed seed, and nothing reported was used to choose our own thresholds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import yaml
from rich.console import Console
from rich.table import Table

from bot.bench import insight_years
from dispatch.insight.similar import duplicates
from dispatch.insight.stories import ALIKE, clusters
from dispatch.insight.wording import Similarities, alike, characters, plain

_CATALOGUE = Path(__file__).resolve().parents[2] / "data" / "catalogue"
SENTENCES = Path(__file__).parent / "insight_stories.yml"
_NAMES = ("望京", "花家地", "南湖", "利泽", "阜通", "广顺", "方恒", "慧谷", "夏都", "季景", "上京", "圣星", "大西洋", "银领", "宝星")
_KINDS = ("家园", "西里", "北区", "新城", "公寓", "一区")
_OPENINGS = ("", "您好，", "我想反映一下，", "投诉：", "请问有人管吗，", "来电反映，")
_ENDINGS = ("", "，请尽快处理", "。希望有关部门管一管", "，谢谢", "，反映好几次了", "。盼复")


@dataclass(frozen=True, slots=True)
class Complaints:
    """Simulated complaints, the story that each tells, and the place, None where the resident didn't say it."""

    texts: list[str]
    stories: list[int]
    places: list[str | None]


def complaints(part: str, seed: int, *, single: int = 400) -> Complaints:
    """Return each problem of ``part`` as two stories of two or three people, at two places, among ``single`` other complaints."""
    problems: list[list[str]] = yaml.safe_load(SENTENCES.read_text(encoding="utf-8"))[part]
    noise = np.random.default_rng(seed)
    places = [name + kind for name in _NAMES for kind in _KINDS]
    told: list[tuple[str, str]] = []
    stories: list[int] = []
    for problem in problems:
        order = noise.permutation(len(problem))
        for sentences, place in zip((order[:3], order[3:]), noise.choice(places, 2, replace=False), strict=True):
            number = len(set(stories))
            for sentence in sentences[: int(noise.integers(2, 4))]:
                told.append((problem[sentence].replace("{p}", place), place))
                stories.append(number)
    for sentence in noise.choice(_examples(), single, replace=False):
        place = str(noise.choice(places))
        told.append((f"{place}，{sentence}", place))
        stories.append(len(told) + 1000)
    texts = [f"{noise.choice(_OPENINGS)}{text}{noise.choice(_ENDINGS)}" for text, _ in told]
    return Complaints(texts, stories, [place if noise.random() < 0.8 else None for _, place in told])


def copies(seed: int, count: int = 900) -> tuple[list[str], list[int]]:
    """Return complaints, a third of them filed again with another opening and ending and a character left out, and which are one."""
    noise = np.random.default_rng(seed)
    texts = [str(text) for text in noise.choice(_examples(), count, replace=False)]
    same = list(range(count))
    for position in noise.permutation(count)[: count // 3]:
        text = texts[position]
        at = int(noise.integers(0, len(text)))
        texts.append(f"{noise.choice(_OPENINGS)}{text[:at]}{text[at + 1 :]}{noise.choice(_ENDINGS)}")
        same.append(int(position))
    return texts, same


def _examples() -> list[str]:
    """Return the catalogue's own examples: complaints about everything, written by us."""
    files = sorted(_CATALOGUE.glob("*.yml"))
    items = [item for file in files for item in yaml.safe_load(file.read_text(encoding="utf-8"))["items"]]
    return sorted({example for item in items for example in item["examples"]})


def run(out_json: Path | None = None) -> dict[str, Any]:
    """Measure, print a table on stderr and the figures as JSON on stdout, and return them; they also go to ``out_json`` if given."""
    figures = {
        "surges": insight_years.measure(seed=11),
        "forecasts": insight_years.forecasts(seed=11),
        "stories": story_figures(seed=12),
        "copies": copy_figures(seed=13),
    }
    _print(figures)
    sys.stdout.write(orjson.dumps(figures, option=orjson.OPT_INDENT_2).decode() + "\n")
    if out_json:
        out_json.write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2))
    return figures


def story_figures(seed: int, part: str = "held_out") -> dict[str, Any]:
    """Return precision and recall over pairs of complaints: ours with its own threshold, TF-IDF with its best in hindsight."""
    told = complaints(part, seed)
    prepared = [plain(text) for text in told.texts]
    begin = time.perf_counter()
    ours = clusters(alike(prepared, told.places), ALIKE)
    took = time.perf_counter() - begin
    without_places = clusters(alike(prepared), ALIKE)
    vectors = characters(told.texts)
    plain_similar: Similarities = (vectors @ vectors.T).toarray()
    best = _best(plain_similar, told.stories)
    return {
        "complaints": len(told.texts),
        "seconds": round(took, 1),
        "ours": pairs(ours, told.stories),
        "ours, places unknown": pairs(without_places, told.stories),
        "TF-IDF, best threshold": best,
    }


def copy_figures(seed: int) -> dict[str, Any]:
    """Return precision and recall of finding complaints that were filed twice with small changes."""
    texts, same = copies(seed)
    labels = list(range(len(texts)))
    begin = time.perf_counter()
    for members in duplicates(texts):
        for member in members:
            labels[member] = members[0]
    return {"complaints": len(texts), "seconds": round(time.perf_counter() - begin, 2), "ours": pairs(labels, same)}


def pairs(found: Sequence[int], right: Sequence[int]) -> dict[str, float]:
    """Return precision, recall and F1 over all pairs put together."""
    one, other = np.triu_indices(len(right), 1)
    labels, truth = np.array(found), np.array(right)
    put, belong = labels[one] == labels[other], truth[one] == truth[other]
    return score(int((put & belong).sum()), int(put.sum()), int(belong.sum()))


def score(hits: int, found: int, there: int) -> dict[str, float]:
    """Return precision, recall and F1 of ``hits`` right ones among ``found``, of ``there`` to find."""
    precision, recall = hits / max(found, 1), hits / max(there, 1)
    return {"precision": round(precision, 3), "recall": round(recall, 3), "f1": round(2 * hits / max(found + there, 1), 3)}


def _best(similar: Similarities, right: Sequence[int]) -> dict[str, float]:
    tried = [
        {**pairs(clusters(similar, threshold), right), "threshold": round(float(threshold), 2)} for threshold in np.arange(0.02, 0.6, 0.02)
    ]
    return max(tried, key=lambda each: each["f1"])


def _print(figures: dict[str, Any]) -> None:
    table = Table("", "precision", "recall", "F1", title="simulated years and complaints, what was planted is known")
    for part, values in figures.items():
        for name, value in values.items():
            if isinstance(value, dict):
                table.add_row(f"{part}: {name}", *(f"{value[key]:.3f}" for key in ("precision", "recall", "f1")))
    console, months = Console(stderr=True), figures["forecasts"]
    console.print(table)
    for name in ("error, ours", "error, same month a year ago"):
        console.print(f"forecasts of {months['matters']} matters, {months['months held out']} months held out: {name} {months[name]:.1%}")
