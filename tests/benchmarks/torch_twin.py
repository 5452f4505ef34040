"""The sentiment recipe's network in PyTorch, on packed sequences, in a process of its own.

`throughput.py` starts it and asks for an epoch at a time: two frameworks in one process fight for
the cores. Reads an .npz with the data and sizes; for each line on standard input trains an epoch
and prints its seconds.
"""

import sys
import time

import numpy as np
import torch
from torch import nn


class Twin(nn.Module):
    """Embedding, bidirectional LSTM and pooling; beside it the same without the LSTM."""

    def __init__(self, vocabulary, embedding, units, classes, dropout, output_dropout):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding, padding_idx=0)
        self.bag_embedding = nn.Embedding(vocabulary, embedding, padding_idx=0)
        self.dropout = nn.Dropout1d(dropout)
        self.lstm = nn.LSTM(embedding, units, batch_first=True, bidirectional=True)
        self.drop = nn.Dropout(output_dropout)
        self.output = nn.Linear(4 * units, classes)
        self.bag_output = nn.Linear(2 * embedding, classes)

    def forward(self, x, sizes):  # [batch, time], [batch]
        mask = (torch.arange(x.shape[1])[None] < sizes[:, None])[..., None]  # [batch, time, 1]
        inputs = self.dropout(self.embedding(x).transpose(1, 2)).transpose(1, 2)
        packed = nn.utils.rnn.pack_padded_sequence(
            inputs, sizes, batch_first=True, enforce_sorted=False
        )
        states, _ = nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        first = self.output(self.drop(pool(states, mask, sizes)))
        second = self.bag_output(self.drop(pool(self.bag_embedding(x), mask, sizes)))
        return torch.where(torch.rand(len(x), 1) < 0.5, first, second)


def pool(states, mask, sizes):
    mean = (states * mask).sum(1) / sizes[:, None]
    return torch.cat([mean, states.masked_fill(~mask, -1e30).amax(1)], dim=1)


def main():
    stored = np.load(sys.argv[1])
    ends = np.cumsum(stored["lengths"])[:-1]
    rows = [torch.tensor(row, dtype=torch.long) for row in np.split(stored["tokens"], ends)]
    lengths = torch.tensor(stored["lengths"])
    labels = torch.tensor(stored["labels"], dtype=torch.long)
    batch_size = int(stored["batch_size"])
    network = Twin(*stored["sizes"].tolist(), *stored["rates"].tolist())
    average = [parameter.detach().clone() for parameter in network.parameters()]
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    loss = nn.CrossEntropyLoss()

    def epoch():
        order = torch.randperm(len(rows))
        for start in range(0, len(rows), batch_size):
            chosen = order[start : start + batch_size]
            x = nn.utils.rnn.pad_sequence([rows[i] for i in chosen.tolist()], batch_first=True)
            optimizer.zero_grad()
            loss(network(x, lengths[chosen]), labels[chosen]).backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            torch._foreach_lerp_(average, [p.detach() for p in network.parameters()], 0.01)

    print("ready", flush=True)
    for _ in sys.stdin:
        started = time.perf_counter()
        epoch()
        print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main()
