"""Networks that take long to build; what is generated of them is tested instead."""

from forms import form

LARGE = (
    "VGG19",
    "ResNet101",
    "ResNet152",
    "ResNet101V2",
    "ResNet152V2",
    "InceptionResNetV2",
    "DenseNet169",
    "DenseNet201",
    "NASNetLarge",
    "EfficientNetB3",
    "EfficientNetB4",
    "EfficientNetB5",
    "EfficientNetB6",
    "EfficientNetB7",
    "EfficientNetV2B1",
    "EfficientNetV2B2",
    "EfficientNetV2B3",
    "EfficientNetV2S",
    "EfficientNetV2M",
    "EfficientNetV2L",
    "ConvNeXtSmall",
    "ConvNeXtBase",
    "ConvNeXtLarge",
    "ConvNeXtXLarge",
)
# Built whole by `make test-all` alone, unless a test names one of them.
MEDIUM = (
    "EfficientNetB0",
    "EfficientNetB1",
    "EfficientNetB2",
    "EfficientNetV2B0",
    "MobileNetV3Large",
    "ConvNeXtTiny",
    "InceptionV3",
    "NASNetMobile",
    "ResNet50V2",
    "VGG16",
    "Xception",
)
# The large ones are built, one after the other, by test_large_networks.py.
NOT_BUILT = form((*LARGE, *MEDIUM), LARGE)
