"""Networks that take long to build; what is generated of them is tested instead."""

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
