"""Data sets that a config may name; standard library only.

Keras' own loaders download them, but for `digits`, which scikit-learn holds: 1,797 digits of 8 x 8
pixels from 43 people (Alpaydin and Kaynak 1998).

MNIST: LeCun, Bottou, Bengio and Haffner (1998). Fashion-MNIST: Xiao, Rasul and Vollgraf (2017).
CIFAR-10 and CIFAR-100: Krizhevsky (2009).
"""

# Class names in the order of the loaders' numbers. Digits are not called by a bare number, which
# tables would take for one.
NAMED_DATASETS: dict[str, tuple[str, ...]] = {
    "digits": tuple(f"digit_{number}" for number in range(10)),
    "mnist": tuple(f"digit_{number}" for number in range(10)),
    "fashion_mnist": (
        "t_shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag",
        "ankle_boot",
    ),
    "cifar10": (
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    ),
    "cifar100": (
        "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle",
        "bottle", "bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle",
        "caterpillar", "cattle", "chair", "chimpanzee", "clock", "cloud", "cockroach", "couch",
        "crab", "crocodile", "cup", "dinosaur", "dolphin", "elephant", "flatfish", "forest", "fox",
        "girl", "hamster", "house", "kangaroo", "keyboard", "lamp", "lawn_mower", "leopard",
        "lion", "lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain", "mouse",
        "mushroom", "oak_tree", "orange", "orchid", "otter", "palm_tree", "pear", "pickup_truck",
        "pine_tree", "plain", "plate", "poppy", "porcupine", "possum", "rabbit", "raccoon", "ray",
        "road", "rocket", "rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail",
        "snake", "spider", "squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank",
        "telephone", "television", "tiger", "tractor", "train", "trout", "tulip", "turtle",
        "wardrobe", "whale", "willow_tree", "wolf", "woman", "worm",
    ),
}  # fmt: skip

# Images in all, and those that the data set gives as test images.
DATASET_IMAGES: dict[str, tuple[int, int]] = {
    "digits": (1797, 0),
    "mnist": (70_000, 10_000),
    "fashion_mnist": (70_000, 10_000),
    "cifar10": (60_000, 10_000),
    "cifar100": (60_000, 10_000),
}
