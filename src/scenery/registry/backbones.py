"""The published backbones: one record each, without TensorFlow.

What follows from the layers (stages, parameters of each) is in `backbone_facts.json`, which
`python -m scenery.models.write_backbone_facts` writes from the built networks.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Preprocessing = Literal[
    "tf",
    "torch",
    "caffe",
    "efficientnet",
    "lite",
    "inside",
    "none",
    "unit",
    "samplewise",
    "featurewise",
    "featurewise_center",
]
# What the first layers of a model do with RGB values from 0 to 255.
PREPROCESSING_TEXTS: dict[Preprocessing, str] = {
    "tf": "the model scales its input to [-1, 1]",
    "torch": "the model scales its input to [0, 1], then subtracts the mean of ImageNet and "
    "divides by its standard deviation",
    "caffe": "the model reorders its input to BGR and subtracts the mean of ImageNet",
    "efficientnet": "the model scales its input to [0, 1], then subtracts the mean of ImageNet and "
    "divides by its standard deviation",
    "lite": "the model scales its input to (x - 127) / 128",
    "inside": "the model contains the scaling of its input",
    "none": "the model takes its input as it is",
    "unit": "the model scales its input to [0, 1]",
    "samplewise": "the model subtracts the mean of each image and divides by its standard "
    "deviation",
    "featurewise": "the model subtracts the mean of the training images, channel by channel, and "
    "divides by their standard deviation",
    "featurewise_center": "the model subtracts the mean of the training images, channel by channel",
}


@dataclass(frozen=True)
class Family:
    """Backbones of one publication.

    Attributes:
        name: Of the family.
        source: The publication.
        preprocessing: `tf` (to [-1, 1]), `torch` (to [0, 1], then ImageNet's mean and deviation),
            `caffe` (BGR, minus ImageNet's mean), `efficientnet` (as torch, but the network of Keras
            divides by 255), `lite` ((x - 127) / 128), `inside` (the network of Keras contains it),
            `none` (no preprocessing).
        license: Of the ImageNet weights.
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
        top_1: Published accuracy on ImageNet's validation images in percent, one crop of the native
            size: of the weights that Keras distributes (its table of applications), or of the
            publication.
        top_5: The same for the five most probable classes; None where it is not published.
        smallest_size: Smallest side in pixels that it can be built for.
        imagenet: Whether Keras or an installed package has its ImageNet weights.
        module: Module of the constructor, if it is not of Keras.
        dense_layers: Names and units of the dense layers (with ReLU) between the flattened map of
            the native size and the last layer for 1,000 classes.
        alphas: Widths for which it is published, as factors of its channels, with the width that
            all other numbers are about, 1; none where its constructor has no `alpha`.
    """

    name: str
    family: Family
    native_size: int
    parameters: int
    top_1: float
    top_5: float | None = None
    smallest_size: int = 32
    imagenet: bool = True
    module: str = "keras.applications"
    dense_layers: tuple[tuple[str, int], ...] = ()
    alphas: tuple[float, ...] = ()

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
EFFICIENTNET_LITE = Family("EfficientNetLite", "Tan and Le 2019; Liu 2020", "lite", APACHE)
EFFICIENTNET_V2 = Family("EfficientNetV2", "Tan and Le 2021", "inside", APACHE)
MOBILENET_V3 = Family("MobileNetV3", "Howard et al. 2019", "inside", APACHE)
CONVNEXT = Family("ConvNeXt", "Liu et al. 2022", "inside", "MIT")
VGG = Family("VGG", "Simonyan and Zisserman 2015", "caffe", "CC BY 4.0")
SQUEEZENET = Family("SqueezeNet", "Iandola et al. 2016", "caffe", "not distributed by Keras")

# Of both networks of VGG.
_FC = (("fc1", 4096), ("fc2", 4096))

_RECORDS = (
    Backbone("Xception", XCEPTION, 299, 22_910_480, 79.0, 94.5, smallest_size=71),
    Backbone("ResNet50", RESNET, 224, 25_636_712, 74.9, 92.1),
    Backbone("NASNetMobile", NASNET, 224, 5_326_716, 74.4, 91.9),
    Backbone("InceptionV3", INCEPTION, 299, 23_851_784, 77.9, 93.7, smallest_size=75),
    Backbone(
        "MobileNetV2",
        MOBILENET_V2,
        224,
        3_538_984,
        71.3,
        90.1,
        alphas=(0.35, 0.5, 0.75, 1.0, 1.3, 1.4),
    ),
    Backbone("DenseNet121", DENSENET, 224, 8_062_504, 75.0, 92.3),
    Backbone("ResNet50V2", RESNET_V2, 224, 25_613_800, 76.0, 93.0),
    Backbone("EfficientNetB2", EFFICIENTNET, 260, 9_177_569, 80.1, 94.9),
    Backbone("VGG16", VGG, 224, 138_357_544, 71.3, 90.1, dense_layers=_FC),
    Backbone("MobileNet", MOBILENET, 224, 4_253_864, 70.4, 89.5, alphas=(0.25, 0.5, 0.75, 1.0)),
    Backbone("VGG19", VGG, 224, 143_667_240, 71.3, 90.0, dense_layers=_FC),
    Backbone("ResNet101", RESNET, 224, 44_707_176, 76.4, 92.8),
    Backbone("ResNet152", RESNET, 224, 60_419_944, 76.6, 93.1),
    Backbone("ResNet101V2", RESNET_V2, 224, 44_675_560, 77.2, 93.8),
    Backbone("ResNet152V2", RESNET_V2, 224, 60_380_648, 78.0, 94.2),
    Backbone("InceptionResNetV2", INCEPTION_RESNET, 299, 55_873_736, 80.3, 95.3, smallest_size=75),
    Backbone("DenseNet169", DENSENET, 224, 14_307_880, 76.2, 93.2),
    Backbone("DenseNet201", DENSENET, 224, 20_242_984, 77.3, 93.6),
    Backbone("NASNetLarge", NASNET, 331, 88_949_818, 82.5, 96.0),
    Backbone(
        "SqueezeNet",
        SQUEEZENET,
        224,
        1_235_496,
        57.5,
        80.3,
        imagenet=False,
        module="scenery.models.squeezenet",
    ),
    Backbone(
        "EfficientNetLite0",
        EFFICIENTNET_LITE,
        224,
        4_694_024,
        75.1,
        module="scenery.models.efficientnet_lite",
    ),
    Backbone("EfficientNetB0", EFFICIENTNET, 224, 5_330_571, 77.1, 93.3),
    Backbone("EfficientNetB1", EFFICIENTNET, 240, 7_856_239, 79.1, 94.4),
    Backbone("EfficientNetB3", EFFICIENTNET, 300, 12_320_535, 81.6, 95.7),
    Backbone("EfficientNetB4", EFFICIENTNET, 380, 19_466_823, 82.9, 96.4),
    Backbone("EfficientNetB5", EFFICIENTNET, 456, 30_562_527, 83.6, 96.7),
    Backbone("EfficientNetB6", EFFICIENTNET, 528, 43_265_143, 84.0, 96.8),
    Backbone("EfficientNetB7", EFFICIENTNET, 600, 66_658_687, 84.3, 97.0),
    Backbone("EfficientNetV2B0", EFFICIENTNET_V2, 224, 7_200_312, 78.7, 94.3),
    Backbone("EfficientNetV2B1", EFFICIENTNET_V2, 240, 8_212_124, 79.8, 95.0),
    Backbone("EfficientNetV2B2", EFFICIENTNET_V2, 260, 10_178_374, 80.5, 95.1),
    Backbone("EfficientNetV2B3", EFFICIENTNET_V2, 300, 14_467_622, 82.0, 95.8),
    Backbone("EfficientNetV2S", EFFICIENTNET_V2, 384, 21_612_360, 83.9, 96.7),
    Backbone("EfficientNetV2M", EFFICIENTNET_V2, 480, 54_431_388, 85.3, 97.4),
    Backbone("EfficientNetV2L", EFFICIENTNET_V2, 480, 119_027_848, 85.7, 97.5),
    Backbone("MobileNetV3Small", MOBILENET_V3, 224, 2_554_968, 68.1, alphas=(0.75, 1.0)),
    Backbone("MobileNetV3Large", MOBILENET_V3, 224, 5_507_432, 75.6, alphas=(0.75, 1.0)),
    Backbone("ConvNeXtTiny", CONVNEXT, 224, 28_589_128, 81.3),
    Backbone("ConvNeXtSmall", CONVNEXT, 224, 50_223_688, 82.3),
    Backbone("ConvNeXtBase", CONVNEXT, 224, 88_591_464, 85.3),
    Backbone("ConvNeXtLarge", CONVNEXT, 224, 197_767_336, 86.3),
    Backbone("ConvNeXtXLarge", CONVNEXT, 224, 350_196_968, 86.7),
)
BACKBONES: dict[str, Backbone] = {record.name: record for record in _RECORDS}
# Those that are published in several widths.
WITH_ALPHA = tuple(record.name for record in _RECORDS if record.alphas)
# Images are compared by its features before anything is trained. Its ImageNet weights are installed
# with Scenery, so that nothing is downloaded.
EMBEDDING_BACKBONE = BACKBONES["EfficientNetLite0"]
