# 两条命令：make run 启动整套系统，make test 跑全部测试。
PYTHON ?= python3
PORT ?= 8000
DATA_DIR ?= var

.PHONY: run setup setup-dev test check clean

run: setup
	@.venv/bin/jsjb up --port $(PORT) --data-dir $(DATA_DIR)

setup:
	@$(PYTHON) bot/environments.py
	@.venv/bin/python -m bot.model

setup-dev:
	@$(PYTHON) bot/environments.py --dev
	@.venv/bin/python -m bot.model

check: setup-dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

test: check
	bot/.venv/bin/python -m pytest -q tests/actions tests/nlu/components tests/nlu/test_both_pythons.py
	bot/.venv/bin/python -m tests.assistant.run
	.venv/bin/pytest

clean:
	rm -rf .venv .tools bot/.venv channels/web/node_modules models
