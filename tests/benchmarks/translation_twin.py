"""The translation recipe's network in PyTorch, in a process of its own.

`translation_speed.py` starts it with a folder and sends commands, a line each: two frameworks in
one process fight for the cores. The answer to a command is a line of JSON. The network has the
layers and sizes of `rnnkit.models.EncoderDecoder` and takes over its weights.
"""

import json
import os
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional

NEVER = -1e9


class Twin(nn.Module):
    """Bidirectional encoder, decoder of two layers, additive attention above the first.

    All GRUs are called once for the whole sequence, on packed sequences in the encoder. One
    embedding serves source, target and, transposed, the logits.
    """

    def __init__(self, tokens, units, width, dropout):
        super().__init__()
        self.rate = dropout
        self.embedding = nn.Embedding(tokens, width)
        self.encoder = nn.GRU(width, units // 2, batch_first=True, bidirectional=True)
        self.lower = nn.GRU(width, units, batch_first=True)
        self.upper = nn.GRU(width, units, batch_first=True)
        self.query = nn.Linear(units, units, bias=False)
        self.keys = nn.Linear(units, units)
        self.score = nn.Linear(units, 1, bias=False)
        self.combine = nn.Linear(2 * units, width)
        self.readout = nn.Linear(2 * units + width, width)

    def drop(self, x):
        return functional.dropout(x, self.rate, self.training)

    def drop_features(self, x):  # the same at every step
        return x * self.drop(torch.ones(len(x), 1, x.shape[2]))  # [batch, time, features]

    def encode(self, source):  # [batch, source]
        mask = source != 0
        packed = nn.utils.rnn.pack_padded_sequence(
            self.drop_features(self.embedding(source)),
            mask.sum(1),
            batch_first=True,
            enforce_sorted=False,
        )
        outputs, last = self.encoder(packed)
        memory, _ = nn.utils.rnn.pad_packed_sequence(
            outputs, batch_first=True, total_length=source.shape[1]
        )
        state = torch.cat([last[0], last[1]], dim=1)  # [batch, units]
        return self.drop(memory), mask, state

    def attend(self, query, memory, keys, mask):  # query: [batch, steps, units]
        hidden = torch.tanh(self.query(query)[:, :, None] + keys[:, None])
        scores = self.score(hidden).squeeze(-1)  # [batch, steps, source]
        weights = scores.masked_fill(~mask[:, None], NEVER).softmax(-1)
        return weights @ memory  # [batch, steps, units]

    def forward(self, source, before):
        memory, mask, state = self.encode(source)
        x = self.embedding(before)  # [batch, target, width]
        hidden, _ = self.lower(self.drop_features(x), state[None])
        context = self.attend(hidden, memory, self.keys(memory), mask)
        hidden = torch.tanh(self.combine(torch.cat([hidden, context], -1)))
        hidden, _ = self.upper(self.drop_features(hidden), state[None])
        return self.logits(x, hidden, context)  # [batch, target, tokens]

    def logits(self, x, hidden, context):
        x = torch.tanh(self.readout(torch.cat([hidden, context, x], -1)))
        return functional.linear(self.drop(x), self.embedding.weight)

    def step(self, tokens, states, memory, keys, mask):
        """One step of all beams: `tokens` `[batch, beams]`, `states` two `[batch * beams, units]`;
        logits `[batch * beams, tokens]` and the new states."""
        x = self.embedding(tokens).flatten(0, 1)  # [batch * beams, width]
        lower = gru_step(self.lower, x, states[0])
        context = self.attend(lower.view(*tokens.shape, -1), memory, keys, mask).flatten(0, 1)
        hidden = torch.tanh(self.combine(torch.cat([lower, context], -1)))
        upper = gru_step(self.upper, hidden, states[1])
        return self.logits(x, upper, context), (lower, upper)


def gru_step(layer, x, state):
    return torch.gru_cell(
        x, state, layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, layer.bias_hh_l0
    )


# === Decoding ===


def penalty(lengths, alpha):
    return ((5.0 + lengths) / 6.0) ** alpha


@torch.inference_mode()
def search(network, source, start, end, limit, beams, alpha):
    """Beam search of a batch, all beams in one step: lists of the best tokens, without the end."""
    batch = len(source)
    memory, mask, state = network.encode(source)
    keys = network.keys(memory)
    state = state.repeat_interleave(beams, 0)  # [batch * beams, units]
    states = (state, state)
    tokens = torch.full((batch, beams), start)
    total = torch.tensor([0.0] + [NEVER] * (beams - 1)).repeat(batch, 1)  # log-probabilities
    finished = torch.zeros(batch, beams, dtype=torch.bool)
    lengths = torch.zeros(batch, beams)
    written = torch.zeros(batch, beams, 0, dtype=torch.long)
    frozen = torch.tensor([0.0] + [NEVER] * (beams - 1))
    rows = torch.arange(batch)[:, None] * beams
    for _ in range(limit):
        logits, states = network.step(tokens, states, memory, keys, mask)
        logits[:, [0, start]] = NEVER
        values, tokens = logits.topk(beams)
        added = values - logits.logsumexp(-1, keepdim=True)
        added, tokens = added.view(batch, beams, beams), tokens.view(batch, beams, beams)
        added = torch.where(finished[..., None], frozen, added)
        tokens = tokens.masked_fill(finished[..., None], 0)
        candidates = total[..., None] + added  # [batch, beams, beams]
        scores = candidates / penalty(lengths + ~finished, alpha)[..., None]
        places = scores.flatten(1).topk(beams).indices  # [batch, beams]
        parents = places // beams
        tokens, total = tokens.flatten(1).gather(1, places), candidates.flatten(1).gather(1, places)
        finished, lengths = finished.gather(1, parents), lengths.gather(1, parents)
        index = (rows + parents).flatten()
        states = tuple(each.index_select(0, index) for each in states)
        written = written.flatten(0, 1).index_select(0, index).view(batch, beams, -1)
        written = torch.cat([written, tokens[..., None]], -1)
        lengths = lengths + ~finished
        finished = finished | (tokens == end)
        if finished.all():
            break
    best = (total / penalty(lengths, alpha)).argmax(1)
    chosen = written[torch.arange(batch), best].tolist()
    return [[token for token in row if token not in (0, end)] for row in chosen]


def translate(network, processor, texts, options):
    """Texts to texts, in batches of similar length."""
    ids = [row[: options["max_length"]] or [1] for row in processor.encode(texts)]
    order = sorted(range(len(ids)), key=lambda place: len(ids[place]))
    found = [None] * len(ids)
    for begin in range(0, len(order), options["decoded"]):
        places = order[begin : begin + options["decoded"]]
        rows = [torch.tensor(ids[place]) for place in places]
        source = nn.utils.rnn.pad_sequence(rows, batch_first=True)
        arguments = (options[name] for name in ("start", "end", "limit", "beams", "alpha"))
        for place, tokens in zip(places, search(network, source, *arguments), strict=True):
            found[place] = tokens
    return processor.decode(found)


# === Commands ===


class Commands:
    """What the twin can be asked to do; every method answers with what JSON can hold."""

    def __init__(self, folder):
        import sentencepiece

        self.folder = folder
        with open(os.path.join(folder, "options.json"), encoding="utf-8") as file:
            self.options = json.load(file)
        sizes = (self.options[name] for name in ("tokens", "units", "width", "dropout"))
        self.network = Twin(*sizes)
        self.optimizer = torch.optim.Adam(
            self.network.parameters(), self.options["learning_rate"], eps=1e-7
        )
        stored = self.load("batches.npz")
        self.batches = [
            [torch.tensor(stored[f"{number}_{part}"]).long() for part in range(3)]
            for number in range(self.options["batches"])
        ]
        self.processor = sentencepiece.SentencePieceProcessor()
        self.processor.load(os.path.join(folder, "pieces.model"))

    def load(self, name):
        return np.load(os.path.join(self.folder, name))

    def about(self):
        count = sum(each.numel() for each in self.network.parameters())
        return {
            "parameters": count,
            "threads": torch.get_num_threads(),
            "version": torch.__version__,
        }

    def weights(self):
        """Takes over the weights in `weights.npz`."""
        stored = self.load("weights.npz")
        state = {name: torch.tensor(stored[name]) for name in stored.files}
        self.network.load_state_dict(state)

    def check(self):
        """Logits and gradients of the first batch without dropout, into `check.npz`."""
        source, before, target = self.batches[0]
        self.network.eval()
        self.network.zero_grad()
        logits = self.network(source, before)
        loss = self.loss(logits, target)
        loss.backward()
        found = {name: each.grad.numpy() for name, each in self.network.named_parameters()}
        np.savez(os.path.join(self.folder, "check.npz"), logits=logits.detach().numpy(), **found)
        self.network.zero_grad()
        return loss.item()

    def loss(self, logits, target):
        return functional.cross_entropy(
            logits.flatten(0, 1),
            target.flatten(),
            ignore_index=0,
            label_smoothing=self.options["smoothing"],
        )

    def epoch(self):
        """Trains on all batches; mean loss and accuracy."""
        self.network.train()
        losses, right, count = 0.0, 0, 0
        for source, before, target in self.batches:
            self.optimizer.zero_grad()
            logits = self.network(source, before)
            loss = self.loss(logits, target)
            loss.backward()
            clip(self.network.parameters())
            self.optimizer.step()
            there = target != 0
            losses += loss.item()
            right += int(((logits.argmax(-1) == target) & there).sum())
            count += int(there.sum())
        return losses / len(self.batches), right / count

    def decode(self):
        """Translates the texts in `sources.json` and writes `texts.json`."""
        with open(os.path.join(self.folder, "sources.json"), encoding="utf-8") as file:
            sources = json.load(file)
        self.network.eval()
        texts = translate(self.network, self.processor, sources, self.options)
        with open(os.path.join(self.folder, "texts.json"), "w", encoding="utf-8") as file:
            json.dump(texts, file)


def clip(parameters):
    """Keras' `clipnorm=1.0`: the gradient of each weight to norm 1 at most."""
    gradients = [each.grad for each in parameters]
    norms = torch._foreach_norm(gradients)
    torch._foreach_clamp_min_(norms, 1.0)
    torch._foreach_div_(gradients, norms)


def main():
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    commands = Commands(sys.argv[1])
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        started = time.perf_counter()
        answer = getattr(commands, line.strip())()
        print(json.dumps([answer, time.perf_counter() - started]), flush=True)


if __name__ == "__main__":
    main()
