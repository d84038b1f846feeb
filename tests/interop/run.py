"""run.py WRITE_FILES FOLDER: writes files with harker and has them judged. The judges live in a virtual environment in FOLDER, made
from PyPI the first time; HARKER_JUDGE names a Python that has them already. Exit code 77: skipped, since PyPI cannot be reached."""
import os
import pathlib
import subprocess
import sys
import venv

SKIPPED = 77
JUDGES = ["onnx", "onnxruntime", "numpy"]


def has_judges(python):
    return subprocess.run([python, "-c", "import " + ", ".join(JUDGES)], capture_output=True).returncode == 0


def judge_python(folder):
    given = os.environ.get("HARKER_JUDGE")
    if given:
        return given
    python = folder / "venv" / "bin" / "python"
    if python.exists() and has_judges(str(python)):
        return str(python)
    try:
        venv.create(folder / "venv", system_site_packages=True, with_pip=True, clear=True)  # a torch of the system joins
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"SKIPPED: cannot make a virtual environment: {error}")
        sys.exit(SKIPPED)
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--timeout", "20", "--retries", "1"]
    done = subprocess.run(command + JUDGES, capture_output=True, text=True)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        print(f"SKIPPED: {', '.join(JUDGES)} cannot be installed from PyPI: {last}")
        sys.exit(SKIPPED)
    return str(python)


def main():
    write_files, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    files = folder / "files"
    files.mkdir(parents=True, exist_ok=True)
    python = judge_python(folder)
    for old in files.iterdir():
        old.unlink()
    subprocess.run([write_files, str(files)], check=True)
    judge = pathlib.Path(__file__).with_name("judge.py")
    sys.exit(subprocess.run([python, str(judge), str(files)]).returncode)


main()
