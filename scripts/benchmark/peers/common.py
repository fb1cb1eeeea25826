"""What the Python peers share: data, loss, optimizer and an update, as their own trainers do them."""
import contextlib

import torch

from benchmark.works import BEGIN, CLIP_NORM, FIRST_WORD, LABEL_SMOOTHING, LEARNING_RATE, VOCABULARY


def words(rows, length):
    return torch.randint(FIRST_WORD, VOCABULARY, (rows, length))


def shifted(target):
    """What the decoder reads: <s> and all words but the last."""
    return torch.cat([torch.full((len(target), 1), BEGIN), target[:, :-1]], 1)


def autocast(precision):
    if precision == "bf16":
        return torch.autocast("cpu", torch.bfloat16)
    return contextlib.nullcontext()


def smoothed_loss(logits, target):
    return torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), target.flatten(), label_smoothing=LABEL_SMOOTHING)


def update(model, loss_of_batch, precision, optimizer=None):
    """`loss_of_batch()` gives the loss; torch's fastest Adam (fused) where no optimizer is given, one norm over all
    gradients."""
    optimizer = optimizer or torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.98), fused=True)
    parameters = list(model.parameters())

    def step():
        optimizer.zero_grad(set_to_none=True)
        with autocast(precision):
            loss = loss_of_batch()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, CLIP_NORM)
        optimizer.step()
        loss.item()

    return step


def forward_backward(layer, x, forward, precision):
    upstream = torch.randn_like(x)

    def step():
        layer.zero_grad(set_to_none=True)
        x.grad = None
        with autocast(precision):
            y = forward(x)
        y.backward(upstream.to(y.dtype))

    return step
