"""The quickstart of eventbus/README.md, done as it says in an empty project."""

import os
import re
import subprocess
import sys
from pathlib import Path

import eventbus

FOLDER = Path(eventbus.__file__).parent
README = (FOLDER / "README.md").read_text()


def test_the_quickstart_works(tmp_path: Path) -> None:
    run("-m", "django", "startproject", "quick", ".", cwd=tmp_path)
    for app in ("orders", "stock"):
        run("manage.py", "startapp", app, cwd=tmp_path)
    (tmp_path / "eventbus").symlink_to(FOLDER)
    (tmp_path / "settings.py").symlink_to(tmp_path / "quick" / "settings.py")
    quickstart = README.partition("## Quickstart")[2].partition("\n## ")[0]
    for language, block in re.findall(r"```(\w+)\n(.*?)```", quickstart, re.DOTALL):
        if language == "python":
            name = re.match(r"# (\S+)\n", block)
            assert name, block
            with (tmp_path / name[1]).open("a") as file:
                file.write(f"\n{block}" if name[1] == "settings.py" else block)
        else:
            for line in block.splitlines():
                do(line, cwd=tmp_path)


def do(line: str, *, cwd: Path) -> None:
    command, *arguments = line.split()
    assert command == "python", line
    run(*arguments, cwd=cwd)


def run(*arguments: str, cwd: Path) -> None:
    keep = ("PATH", "HOME", "LANG")
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={name: os.environ[name] for name in keep if name in os.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_face_is_small() -> None:
    assert len(eventbus.__all__) < 20
    assert sorted(eventbus.__all__) == eventbus.__all__
    for name in eventbus.__all__:
        assert name in README, f"{name} is not on the front page"
