"""Kills a process that saves over a good checkpoint, TIMES times at random moments, by each of four signals in turn, and
looks at what is left: the old file or the new one, whole, and after the next save nothing else in the folder.
Usage: kill_saves.py SAVER TIMES [EXTENSION|all [named]]; all: an extension of each format that can be written;
safetensors.index.json: a set of files. A failure
leaves the folder and ends with status 1."""
import json, os, random, shutil, signal, subprocess, sys, tempfile, time

saver, times = sys.argv[1], int(sys.argv[2])
extension = sys.argv[3] if len(sys.argv) > 3 else "all"
if extension == "all":
    extensions = subprocess.run([saver, "formats"], check=True, capture_output=True, text=True).stdout.split()
    assert extensions
    sys.exit(max(subprocess.run([sys.executable, sys.argv[0], saver, str(times), e, *sys.argv[4:]]).returncode for e in extensions))
verb = "save-named" if sys.argv[4:] == ["named"] else "save"
signals = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL]
folder = tempfile.mkdtemp()
path = os.path.join(folder, "checkpoint." + extension)


def others():
    own = {os.path.basename(path)}
    if path.endswith(".index.json"):
        with open(path, encoding="utf-8") as index:
            own |= set(json.load(index)["weight_map"].values())
    return [f for f in os.listdir(folder) if f not in own]


def fail(message):
    print(f"{message}; the folder is kept: {folder}")
    sys.exit(1)


def heed_signals():  # nohup and background jobs of a shell make their children ignore some
    for s in signals[:3]:
        signal.signal(s, signal.SIG_DFL)


def save(first, count):
    return subprocess.Popen([saver, verb, path, str(first), str(count)], preexec_fn=heed_signals)


save(1, 1).wait()
begin = time.monotonic()
save(1, 20).wait()
one = (time.monotonic() - begin) / 20
random.seed(1)
left = {s: 0 for s in signals}
for i in range(times):
    s = signals[i % len(signals)]
    # The saver writes versions n, n + 1, ... over the file until it is stopped.
    p = save(i * 1000 + 1, 1000)
    time.sleep(random.uniform(0, 6 * one))
    p.send_signal(s)
    if p.wait() != -s:
        fail(f"kill {i + 1}: the saver ended by itself, with status {p.returncode}")
    left[s] += len(others())
    judged = subprocess.run([saver, "check", path], capture_output=True, text=True)
    if judged.returncode != 0:
        fail(f"LOST at kill {i + 1}: {judged.stderr.strip()}")
    if save(1, 1).wait() != 0:
        fail(f"after kill {i + 1}: the next save failed")
    if others():
        fail(f"LEFT after kill {i + 1} and the next save: {others()}")
counts = ", ".join(f"{s.name} {n}" for s, n in left.items())
print(f"{times} kills while saving a .{extension} file, {one * 1000:.1f} ms a save: 0 lost; other files in the folder after"
      f" the kill: {counts}; after the next save: 0")
shutil.rmtree(folder)
