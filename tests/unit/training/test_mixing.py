"""MixUp and CutMix: shares, boxes and labels."""

import numpy as np
import pytest
import tensorflow as tf

from scenery.training.mixing import Mixing, draw_mixing, mix_batches, mix_images, mix_labels


def test_nothing_is_mixed_where_both_are_off() -> None:
    assert draw_mixing(0, 0, 10, 1, 0) is None


def test_mixing_depends_on_seed_and_epoch_alone() -> None:
    first, same = (draw_mixing(0.4, 1.0, 50, 0, 3) for _ in range(2))
    assert first is not None and same is not None
    np.testing.assert_array_equal(first.shares, same.shares)
    np.testing.assert_array_equal(first.boxes, same.boxes)
    for seed, epoch in ((1, 3), (0, 4)):
        other = draw_mixing(0.4, 1.0, 50, seed, epoch)
        assert other is not None
        assert (other.shares != first.shares).any()


@pytest.mark.parametrize(("mixup", "cutmix", "share"), [(1, 0, 0), (0, 1, 1), (1, 1, 0.5)])
def test_cutmix_is_the_share_of_batches_that_the_settings_ask_for(
    mixup: float, cutmix: float, share: float
) -> None:
    mixing = draw_mixing(mixup, cutmix, 2000, 1, 0)
    assert mixing is not None
    cuts = mixing.boxes[:, 2] > mixing.boxes[:, 0]
    assert abs(cuts.mean() - share) < 0.05
    assert ((mixing.shares >= 0) & (mixing.shares <= 1)).all()
    # With a parameter of 1 MixUp's shares are uniform.
    if mixup:
        assert abs(mixing.shares[~cuts].mean() - 0.5) < 0.05


def images() -> tf.Tensor:
    return tf.stack([tf.zeros((4, 6, 3)), tf.fill((4, 6, 3), 100.0)])


def test_mixup_is_a_weighted_mean_of_images_and_labels() -> None:
    share = tf.constant(0.75)
    mixed = mix_images(images(), share, tf.zeros(4))
    assert np.unique(mixed[0]).tolist() == [25]
    assert np.unique(mixed[1]).tolist() == [75]
    labels = mix_labels(tf.eye(2), share)
    assert labels.numpy().tolist() == [[0.75, 0.25], [0.25, 0.75]]


def test_cutmix_puts_a_part_of_the_partner_into_the_image() -> None:
    # The upper half of the right two thirds.
    box = tf.constant([0.0, 1 / 3, 0.5, 1.0])
    mixed = mix_images(images(), tf.constant(2 / 3), box).numpy()
    assert (mixed[0, :2, 2:] == 100).all()
    assert mixed[0].mean() == pytest.approx(100 / 3)
    assert mixed[1].mean() == pytest.approx(200 / 3)


def test_share_of_cutmix_is_that_of_the_visible_image() -> None:
    mixing = draw_mixing(0, 1.0, 200, 3, 0)
    assert mixing is not None
    for share, box in zip(mixing.shares[:20], mixing.boxes[:20], strict=True):
        size = 200
        ones = tf.stack([tf.ones((size, size, 1)), tf.zeros((size, size, 1))])
        mixed = mix_images(ones, tf.constant(share), tf.constant(box))
        assert float(tf.reduce_mean(mixed[0])) == pytest.approx(share, abs=0.02)


def test_batches_are_mixed_with_their_own_shares() -> None:
    labels = {"image": tf.eye(2), "positions": tf.eye(2)}
    batch = tf.data.Dataset.from_tensors((images(), labels, tf.constant([1.0, 3.0])))
    mixing = Mixing(np.array([0.75, 1.0], "float32"), np.zeros((2, 4), "float32"))
    first, second = mix_batches(batch.repeat(2), mixing)
    assert np.unique(first[0][0]).tolist() == [25]
    assert first[1]["positions"].numpy().tolist() == [[0.75, 0.25], [0.25, 0.75]]
    assert first[2].numpy().tolist() == [1.5, 2.5]
    np.testing.assert_array_equal(second[0], images())
