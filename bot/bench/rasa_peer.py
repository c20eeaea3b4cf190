"""Rasa's stock Chinese pipeline as a peer: trained on given rows, asked others. Runs in the assistant's environment (Python 3.10).

    bot/.venv/bin/python bot/bench/rasa_peer.py FOLDER

FOLDER/rows.json holds {"train": [[text, label], ...], "test": [text, ...]}; FOLDER/answers.json is written with
{"labels": [...], "train_seconds": ..., "ms_per_message": ..., "version": ...}.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path

CONFIG = """\
recipe: default.v1
assistant_id: peer
language: zh
pipeline:
  - name: JiebaTokenizer
  - name: CountVectorsFeaturizer
  - name: CountVectorsFeaturizer
    analyzer: char_wb
    min_ngram: 1
    max_ngram: 4
  - name: DIETClassifier
    epochs: 100
    entity_recognition: false
    random_seed: 1
policies: []
"""

# [ ] ( ) { } mark entities in Rasa's training data, and a leading / names an intent instead of a message.
_PLAIN = str.maketrans({"[": "【", "]": "】", "(": "（", ")": "）", "{": "｛", "}": "｝", "\n": " ", "\r": " ", "\t": " "})


def _plain(text: str) -> str:
    return " ".join(text.translate(_PLAIN).split()).lstrip("/ ")


def main(folder: Path) -> None:
    """Train and answer in ``folder``."""
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    from rasa import __version__
    from rasa.core.agent import Agent
    from rasa.model_training import train_nlu

    rows = json.loads((folder / "rows.json").read_text(encoding="utf-8"))
    labels = sorted({label for _, label in rows["train"]})
    # Rasa reads a slash in an intent's name as a group, so the intents are numbered.
    lines = ["version: '3.1'", "nlu:"]
    for number, label in enumerate(labels):
        lines += [f"- intent: label{number}", "  examples: |"]
        lines += [f"    - {_plain(text)}" for text, own in rows["train"] if own == label and _plain(text)]
    (folder / "nlu.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "config.yml").write_text(CONFIG, encoding="utf-8")
    started = time.perf_counter()
    model = train_nlu(str(folder / "config.yml"), str(folder / "nlu.yml"), str(folder), fixed_model_name="peer")
    trained = time.perf_counter()
    agent = Agent.load(model)

    async def ask() -> list[str]:
        answers = []
        for text in rows["test"]:
            parsed = await agent.parse_message(_plain(text))
            name = parsed["intent"]["name"]
            answers.append(labels[int(name.removeprefix("label"))] if name else "")
        return answers

    asked = time.perf_counter()
    answers = asyncio.run(ask())
    result = {
        "labels": answers,
        "train_seconds": trained - started,
        "ms_per_message": 1000 * (time.perf_counter() - asked) / max(1, len(answers)),
        "version": __version__,
    }
    (folder / "answers.json").write_text(json.dumps(result, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
