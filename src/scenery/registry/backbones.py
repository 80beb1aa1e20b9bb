"""The published backbones: one record each, without TensorFlow.

What follows from the layers (stages, parameters of each) is in `backbone_facts.json`, which
`python -m scenery.models.write_backbone_facts` writes from the built networks.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Preprocessing = Literal["tf", "torch", "caffe", "efficientnet", "none"]
# What the first layers of a model do with RGB values from 0 to 255.
PREPROCESSING_TEXTS: dict[Preprocessing, str] = {
    "tf": "the model scales its input to [-1, 1]",
    "torch": "the model scales its input to [0, 1], then subtracts the mean of ImageNet and "
    "divides by its standard deviation",
    "caffe": "the model reorders its input to BGR and subtracts the mean of ImageNet",
    "efficientnet": "the model scales its input to [0, 1], then subtracts the mean of ImageNet and "
    "divides by its standard deviation",
    "none": "the model takes its input as it is",
}


@dataclass(frozen=True)
class Family:
    """Backbones of one publication.

    Attributes:
        name: Of the family.
        source: The publication.
        preprocessing: `tf` (to [-1, 1]), `torch` (to [0, 1], then ImageNet's mean and deviation),
            `caffe` (BGR, minus ImageNet's mean), `efficientnet` (as torch, but the network of Keras
            divides by 255), `none` (the network contains it).
        license: Of the ImageNet weights that Keras distributes.
    """

    name: str
    source: str
    preprocessing: Preprocessing
    license: str


@dataclass(frozen=True)
class Backbone:
    """A published network.

    Attributes:
        name: As written in a config, and of its constructor in Keras.
        family: Its publication, preprocessing and license.
        native_size: Side in pixels of the images that it was trained on.
        parameters: With the top for 1,000 classes.
        smallest_size: Smallest side in pixels that it can be built for.
        imagenet: Whether Keras has its ImageNet weights.
        module: Module of the constructor, if it is not of Keras.
    """

    name: str
    family: Family
    native_size: int
    parameters: int
    smallest_size: int = 32
    imagenet: bool = True
    module: str = "keras.applications"

    @property
    def constructor(self) -> Callable[..., Any]:
        """The function of keras.applications that builds it, or one with the same arguments."""
        found: Callable[..., Any] = getattr(importlib.import_module(self.module), self.name)
        return found

    @property
    def preprocessing(self) -> Preprocessing:
        """As of the family."""
        return self.family.preprocessing


APACHE = "Apache 2.0"
BSD = "BSD 3-Clause"

XCEPTION = Family("Xception", "Chollet 2017", "tf", "MIT")
RESNET = Family("ResNet", "He et al. 2016", "caffe", "MIT")
RESNET_V2 = Family("ResNetV2", "He et al. 2016, identity mappings", "tf", BSD)
NASNET = Family("NASNet", "Zoph et al. 2018", "tf", APACHE)
INCEPTION = Family("Inception", "Szegedy et al. 2016", "tf", APACHE)
INCEPTION_RESNET = Family("InceptionResNet", "Szegedy et al. 2017", "tf", APACHE)
MOBILENET = Family("MobileNet", "Howard et al. 2017", "tf", APACHE)
MOBILENET_V2 = Family("MobileNetV2", "Sandler et al. 2018", "tf", APACHE)
DENSENET = Family("DenseNet", "Huang et al. 2017", "torch", BSD)
EFFICIENTNET = Family("EfficientNet", "Tan and Le 2019", "efficientnet", APACHE)
VGG = Family("VGG", "Simonyan and Zisserman 2015", "caffe", "CC BY 4.0")
SQUEEZENET = Family("SqueezeNet", "Iandola et al. 2016", "caffe", "not distributed by Keras")

_RECORDS = (
    Backbone("Xception", XCEPTION, 299, 22_910_480, smallest_size=71),
    Backbone("ResNet50", RESNET, 224, 25_636_712),
    Backbone("NASNetMobile", NASNET, 224, 5_326_716),
    Backbone("InceptionV3", INCEPTION, 299, 23_851_784, smallest_size=75),
    Backbone("MobileNetV2", MOBILENET_V2, 224, 3_538_984),
    Backbone("DenseNet121", DENSENET, 224, 8_062_504),
    Backbone("ResNet50V2", RESNET_V2, 224, 25_613_800),
    Backbone("EfficientNetB2", EFFICIENTNET, 260, 9_177_569),
    Backbone("VGG16", VGG, 224, 138_357_544),
    Backbone("MobileNet", MOBILENET, 224, 4_253_864),
    Backbone("VGG19", VGG, 224, 143_667_240),
    Backbone("ResNet101", RESNET, 224, 44_707_176),
    Backbone("ResNet152", RESNET, 224, 60_419_944),
    Backbone("ResNet101V2", RESNET_V2, 224, 44_675_560),
    Backbone("ResNet152V2", RESNET_V2, 224, 60_380_648),
    Backbone("InceptionResNetV2", INCEPTION_RESNET, 299, 55_873_736, smallest_size=75),
    Backbone("DenseNet169", DENSENET, 224, 14_307_880),
    Backbone("DenseNet201", DENSENET, 224, 20_242_984),
    Backbone("NASNetLarge", NASNET, 331, 88_949_818),
    Backbone(
        "SqueezeNet",
        SQUEEZENET,
        224,
        1_235_496,
        imagenet=False,
        module="scenery.models.squeezenet",
    ),
)
BACKBONES: dict[str, Backbone] = {record.name: record for record in _RECORDS}
