#!/usr/bin/env python3
"""Makes dracula.csv: 250 nights, ten things known about each, and how great the threat was.

Everything is invented, and deterministic (the seed is the year of the novel): `python3 make_data.py > dracula.csv`.
All columns are standardised (mean 0, deviation 1), so that a network can be trained on them as they are. The threat is a
smooth function with two bends and an interaction, plus a little noise that no model can learn.
"""
import random

NAMES = ["distance_km", "moon_phase", "hours_of_daylight", "garlic", "crucifixes", "wolves", "fog", "days_at_sea",
         "boxes_of_earth", "invitations"]
ROWS, NOISE = 250, 0.1


def standardised(column):
    mean = sum(column) / len(column)
    deviation = (sum((v - mean) ** 2 for v in column) / len(column)) ** 0.5
    return [(v - mean) / deviation for v in column]


def threat(distance, moon, daylight, garlic, crucifixes, wolves, fog, sea, boxes, invitations, noise):
    bite = max(0.0, 0.9 * moon - 0.8 * daylight + 0.5 * fog)          # he comes at night, under the moon
    ward = max(0.0, 0.7 * garlic + 0.6 * crucifixes - 0.3 * invitations)
    return 1.2 * bite - 1.0 * ward - 0.4 * distance + 0.3 * wolves + 0.2 * boxes - 0.1 * sea + 0.15 * moon * wolves + noise


rng = random.Random(1897)
columns = [standardised([rng.gauss(0, 1) for _ in range(ROWS)]) for _ in NAMES]
columns.append(standardised([threat(*row, rng.gauss(0, NOISE)) for row in zip(*columns)]))
print(",".join(NAMES + ["threat"]))
for row in zip(*columns):
    print(",".join(f"{v:.5f}" for v in row))
