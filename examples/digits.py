"""examples/digits.cpp in PyTorch: the same weights, split and order of batches for the same seed."""
import pathlib
import sys

import numpy
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

folder = pathlib.Path(__file__).parent / "data"
images = torch.from_numpy(numpy.fromfile(folder / "digits-images.idx", numpy.uint8)[16:].reshape(-1, 1, 8, 8)).float() / 16
labels = torch.from_numpy(numpy.fromfile(folder / "digits-labels.idx", numpy.uint8)[8:]).long()
epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 15

torch.manual_seed(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
train, held_back = random_split(TensorDataset(images, labels), [1437, 360])
loader = DataLoader(train, batch_size=32, shuffle=True)
model = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Dropout(0.25), nn.Linear(32 * 2 * 2, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
for epoch in range(epochs):
    loss_sum = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * len(y)
    print(f"epoch {epoch + 1}/{epochs}  loss {loss_sum / len(train):.6g}")

model.eval()
x, y = held_back[:]
with torch.no_grad():
    right = (model(x).argmax(1) == y).sum().item()
print(f"{right} of {len(y)} held back digits read, {100 * right / len(y):.2f} %")
