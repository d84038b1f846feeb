#!/usr/bin/env python3
"""Makes digits-images.idx and digits-labels.idx, 1,797 handwritten digits of 8 x 8 pixels (0 to 16) and what they are.

    python3 -m pip download --no-deps scikit-learn
    python3 make_digits.py scikit_learn-*.whl

The numbers are those of sklearn.datasets.load_digits, read out of the wheel of the PyPI package; scikit-learn itself is not
needed. They are the test set of "Optical Recognition of Handwritten Digits" by E. Alpaydin and C. Kaynak (1998), UCI Machine
Learning Repository, https://doi.org/10.24432/C50P49, licensed under CC BY 4.0. The format is that of the MNIST files (IDX).
"""
import gzip
import struct
import sys
import zipfile

with zipfile.ZipFile(sys.argv[1]) as wheel:
    text = gzip.decompress(wheel.read("sklearn/datasets/data/digits.csv.gz")).decode()
rows = [[int(float(v)) for v in line.split(",")] for line in text.splitlines()]
assert len(rows) == 1797 and all(len(row) == 65 and max(row) <= 16 for row in rows)

UINT8 = 8
with open("digits-images.idx", "wb") as f:
    f.write(struct.pack(">BBBBIII", 0, 0, UINT8, 3, len(rows), 8, 8) + bytes(v for row in rows for v in row[:64]))
with open("digits-labels.idx", "wb") as f:
    f.write(struct.pack(">BBBBI", 0, 0, UINT8, 1, len(rows)) + bytes(row[64] for row in rows))
