"""judge_huge.py PROGRAMS FOLDER: files beyond 4 GiB, and at the very limits of zip's 32-bit fields, are byte for byte torch's. Not part of
the test suite: it writes some 50 GiB, one file at a time, and takes minutes. Run it by hand: run.py huge BUILD/tests FOLDER."""
import filecmp
import pathlib
import subprocess
import sys
import time
import zipfile

import torch

LIMIT = 0xFFFFFFFF  # what a 32-bit field cannot hold


def main():
    programs, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    ours, theirs = folder / "ours" / "huge.pt", folder / "theirs" / "huge.pt"
    for path in (ours, theirs):
        path.parent.mkdir()

    def write(sizes):
        subprocess.run([programs / "interop_write_huge", ours, *map(str, sizes)], check=True)

    # How much is written besides the first storage before the second's header, and before the directory.
    write([LIMIT - 2000, 100])
    with zipfile.ZipFile(ours) as archive:
        before_header = archive.getinfo("huge/data/1").header_offset - (LIMIT - 2000)
        before_directory = archive.start_dir - (LIMIT - 2000)
    cases = {"a large storage": [LIMIT + 101, 100], "two large storages": [LIMIT + 101, 5, LIMIT + 101, 9]}
    for off in (-1, 0, 1):
        cases[f"a storage of 2**32 {off - 1:+} bytes"] = [LIMIT + off, 100]
        cases[f"a header at 2**32 {off - 1:+}"] = [LIMIT - before_header + off, 100]
        cases[f"a directory at 2**32 {off - 1:+}"] = [LIMIT - before_directory + off, 100]
    failed = False
    for name, sizes in cases.items():
        write(sizes)
        tensors = []
        for i, n in enumerate(sizes):
            zeroes = folder / f"zeroes{i}"  # a file of holes takes no memory
            with open(zeroes, "wb") as file:
                file.truncate(n)
            tensors.append(torch.from_file(str(zeroes), shared=False, size=n, dtype=torch.uint8))
            tensors[-1][0], tensors[-1][-1] = i + 2, 7
        start = time.time()
        torch.save(tensors, theirs)
        same = filecmp.cmp(ours, theirs, shallow=False)
        loaded = torch.load(ours, weights_only=True, mmap=True)
        read = [(t.numel(), int(t[0]), int(t[-1])) for t in loaded] == [(n, i + 2, 7) for i, n in enumerate(sizes)]
        print(f"{name}: {'the same bytes' if same else 'OTHER BYTES'}, {'read' if read else 'READ WRONG'} by torch ({time.time() - start:.0f} s)", flush=True)
        failed = failed or not same or not read
        del loaded, tensors
        theirs.unlink()
        ours.unlink()
    sys.exit(1 if failed else 0)


main()
