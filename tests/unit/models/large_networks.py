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
)
# Built whole by `make test-all` alone, unless a test names one of them.
MEDIUM = ("EfficientNetB2", "InceptionV3", "NASNetMobile", "ResNet50V2", "VGG16", "Xception")
NOT_BUILT = form((*LARGE, *MEDIUM), LARGE)
