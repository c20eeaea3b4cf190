# 两条命令：make run 启动整套系统，make test 跑全部测试。
PYTHON ?= python3
PORT ?= 8000
DATA_DIR ?= var

.PHONY: run setup setup-dev test check clean

RASA = RASA_TELEMETRY_ENABLED=false TF_CPP_MIN_LOG_LEVEL=3 PYTHONPATH=. bot/.venv/bin/python -W ignore -m rasa
TRAINING = --data data/nlu data/rules data/stories --domain bot/domain
# What both Pythons import is tested on both.
READERS = $(wildcard tests/nlu/test_contact.py tests/nlu/test_emergency.py tests/nlu/test_handling.py tests/nlu/test_place.py \
	tests/nlu/test_readers_take_any_text.py tests/nlu/test_request_type.py tests/nlu/test_survey_reply.py tests/nlu/test_text.py)

run: setup
	@.venv/bin/jsjb up --port $(PORT) --data-dir $(DATA_DIR)

setup:
	@$(PYTHON) bot/environments.py
	@.venv/bin/python -m bot.model >/dev/null

setup-dev:
	@$(PYTHON) bot/environments.py --dev
	@.venv/bin/python -m bot.model >/dev/null

check: setup-dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo

test: check
	bot/.venv/bin/python -m pytest -q --confcutdir=tests/actions tests/actions
	bot/.venv/bin/python -m pytest -q --confcutdir=tests/nlu/components tests/nlu/components
	bot/.venv/bin/python -m pytest -q --confcutdir=tests/assistant_process tests/assistant_process
	bot/.venv/bin/python -m pytest -q --confcutdir=tests/nlu $(READERS)
	$(RASA) data validate --fail-on-warnings --config config.yml $(TRAINING)
	$(RASA) test core --e2e --fail-on-prediction-errors --stories tests/assistant --model $$(.venv/bin/python -m bot.model) --out models/e2e-results --no-plot
	.venv/bin/pytest -n 2 --dist loadfile

clean:
	rm -rf .venv .tools bot/.venv channels/web/node_modules models
