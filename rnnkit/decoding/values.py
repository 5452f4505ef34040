"""The loop that generates sequences of numbers, step after step, until they end."""

import typing

import tensorflow as tf


class Generated(typing.NamedTuple):
    """What the loop gives.

    Attributes:
        values: `[batch, length, width]`, NaN after the end of each.
        lengths: int32 `[batch]`, the last step included.
        finished: bool `[batch]`: whether the end came before `max_length`.
        attention: `[batch, length, source]`, or None.
    """

    values: tf.Tensor
    lengths: tf.Tensor
    finished: tf.Tensor
    attention: tf.Tensor | None


def generate_values(
    step, states, batch, *, width, max_length, attends=False, choose=None, before=None
):
    """Generates a batch of sequences of numbers, in one loop of the graph.

    Each step reads what the step before generated. A sequence ends with the step whose last number,
    the logit of the end, is positive.

    Args:
        step: Function `(before, states) -> (outputs, states, attention)`: `[batch, 1, width + 1]`,
            the numbers of the step before and 1 in the last column at the first step, to the
            numbers and the logit of the end, `[batch, 1, width + 1]`; states of unchanged shapes;
            and attention `[batch, 1, source]` or None.
        states: Nest of tensors.
        batch: Number of sequences, an int or a scalar tensor.
        width: Numbers in a step.
        max_length: Steps at most; an int or a scalar tensor.
        attends: Whether `step` gives attention.
        choose: Function `(outputs, index)` that gives the numbers of the step `[batch, 1, width]`
            and whether it is the last, bool `[batch]`, from the outputs of `step`; by default these
            are the numbers and the logit of the end.
        before: What comes before the first step, `[batch, 1, width + 1]`; by default the start.

    Returns:
        `Generated`.
    """
    if before is None:
        before = tf.concat([tf.zeros([batch, 1, width]), tf.ones([batch, 1, 1])], axis=-1)
    finished, lengths = tf.zeros([batch], tf.bool), tf.zeros([batch], tf.int32)
    histories = tuple(
        tf.TensorArray(tf.float32, max_length, clear_after_read=False) for _ in range(1 + attends)
    )

    def body(index, before, states, finished, lengths, histories):
        outputs, states, attention = step(before, states)
        outputs = tf.cast(outputs, tf.float32)
        if choose is None:
            values, ends = outputs[..., :-1], outputs[:, 0, -1] > 0  # [batch, 1, width], [batch]
        else:
            values, ends = choose(outputs, index)
        shown = tf.where(finished[:, None], float("nan"), values[:, 0])  # [batch, width]
        parts = (shown, tf.cast(attention, tf.float32)[:, 0]) if attends else (shown,)
        histories = tuple(
            array.write(index, part) for array, part in zip(histories, parts, strict=True)
        )
        lengths += tf.cast(~finished, tf.int32)
        before = tf.concat([values, tf.zeros_like(values[..., :1])], axis=-1)
        return index + 1, before, states, finished | ends, lengths, histories

    steps, _, _, finished, lengths, histories = tf.while_loop(
        lambda index, before, states, finished, *_: ~tf.reduce_all(finished),
        body,
        (0, before, states, finished, lengths, histories),
        maximum_iterations=max_length,
    )
    whole = [tf.transpose(array.gather(tf.range(steps)), [1, 0, 2]) for array in histories]
    return Generated(whole[0], lengths, finished, whole[1] if attends else None)
