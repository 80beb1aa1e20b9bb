"""The networks that Scenery builds itself, by the names that a config gives them."""

from collections.abc import Callable
from typing import Any

from scenery.models.architectures.branching import dense_block_net, inception_net
from scenery.models.architectures.convnet import convnet
from scenery.models.architectures.dense import mlp, patch_mlp
from scenery.models.architectures.early import alexnet, lenet5

# Each takes a Keras tensor of images scaled to [-1, 1] and all options of its network, and gives
# a feature map.
OWN_NETWORKS: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    "MLP": mlp,
    "PatchMLP": patch_mlp,
    "LeNet5": lenet5,
    "AlexNet": alexnet,
    "ConvNet": convnet,
    "InceptionNet": inception_net,
    "DenseBlockNet": dense_block_net,
}
