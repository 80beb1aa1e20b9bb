"""Folders and manifests of every kind of fault."""

from pathlib import Path

from bad_input.cases import USED, Case, content, good, noise, picture

LONG = "x" * 255
ODD = ["two words", "it's", 'say "hi"', "<script>alert(1)", "🏖 beach"]


def manifest(text: str, encoding: str = "utf-8") -> None:
    """A CSV beside two good classes."""
    good()
    Path("images/list.csv").write_bytes(text.encode(encoding))


def emptied() -> None:
    good()
    Path("images/street").mkdir()


def stray() -> None:
    good()
    content("forest/notes.txt", b"x")
    content("lonely.png", b"x")


def hidden() -> None:
    good()
    content("forest/.DS_Store", b"x")
    content("forest/._0.png", b"x")
    content("__MACOSX/forest/0.png", b"x")


def linked_folder() -> None:
    good()
    Path("elsewhere").mkdir()
    for number in range(4):
        noise(90 + number).save(f"elsewhere/{number}.png")
    Path("images/street").symlink_to(Path("elsewhere").absolute())


def circle() -> None:
    good()
    Path("images/coast/round").symlink_to(Path("images").absolute())


def one_in_partitions() -> None:
    for part in ("train", "test"):
        for name in ("coast", "forest"):
            picture(f"{part}/{name}/0.png", 1)
    picture("train/street/0.png", 5)


FOLDERS = [
    Case(
        "a class without images",
        emptied,
        "images: class folders without images: street; remove them or fill them (images end in",
    ),
    Case(
        "a single class",
        lambda: good("coast"),
        "images: only one class, 'coast'; a study needs at least two",
    ),
    Case(
        "no class folders",
        lambda: picture("0.png", 1),
        "images: has no class folders; put the images of each class into a folder of its own",
    ),
    Case(
        "an empty folder",
        lambda: Path("images").mkdir(),
        "images: has no class folders",
    ),
    Case("other files among the images", stray, f"{USED}without them; the log names them"),
    Case("hidden files, and what unpacking leaves", hidden, f"{USED}without them"),
    Case("a linked class folder elsewhere", linked_folder, f"{USED}links in folders are followed"),
    Case(
        "a link to a folder that it lies in",
        circle,
        "images/coast/round/coast: is a symbolic link to a folder that it lies in",
    ),
    Case(
        "names with blanks, quotes, `<script>`, emoji",
        lambda: good(*ODD),
        f"{USED}as they are; tables, figures and pages show them escaped",
    ),
    Case("a name of 255 characters", lambda: good(LONG, "coast"), f"{USED}shortened in figures"),
    Case(
        "a name with a line break",
        lambda: good("co\nast", "forest"),
        r"images: names with control characters or broken encoding, please rename: "
        r"'co\nast/0.png'",
    ),
    Case(
        "unusual spaces and invisible characters in names",
        lambda: good(
            "narrow\u202fspace", "no\u00a0break", "wide\u3000", "soft\u00adhyphen", "x\u200d"
        ),
        f"{USED}as they are",
    ),
    Case(
        "a name with a line separator of Unicode",
        lambda: good("co\u2028ast", "forest"),
        r"images: names with control characters or broken encoding, please rename: "
        r"'co\u2028ast/0.png'",
    ),
    Case("classes called NA, null, 007", lambda: good("NA", "null", "007"), f"{USED}as names"),
    Case("braces in names", lambda: good("{coast}", "{x"), f"{USED}as they are"),
    Case(
        "partitions beside classes",
        lambda: (good("train/coast", "train/forest"), good("street")),
        "images: train look like partitions with class folders in them, but street beside them do "
        "not; give either partitions or classes",
    ),
    Case(
        "a class in one partition only",
        one_in_partitions,
        "images: class without images: 'street' in test; every class must have images in every",
    ),
    Case(
        "the same partition twice",
        lambda: (good("train/coast", "train/forest"), good("Training/coast", "Training/forest")),
        "both mean train; keep one",
    ),
    Case(
        "class names that differ in capital letters only",
        lambda: good("coast", "Coast"),
        "images: names of classes that look alike; rename them, to the same name if they mean the "
        "same: 'Coast' and 'coast' (they differ in capital letters)",
    ),
    Case(
        "class names that differ in a space at the end",
        lambda: good("coast", "coast "),
        "'coast' and 'coast ' (they differ in spaces)",
    ),
    Case(
        "class names that differ in their Unicode form",
        lambda: good("caf\u00e9", "cafe\u0301"),
        "(they differ in accents as one or as two characters, Unicode NFC and NFD)",
    ),
    Case(
        "a folder around the data set",
        lambda: (
            good("set/train/coast", "set/train/forest"),
            good("set/test/coast", "set/test/forest"),
        ),
        "(dataset.path: did you mean images/set?)",
    ),
    Case(
        "partitions within classes",
        lambda: good("coast/train", "coast/test", "forest/train", "forest/test"),
        "images: the folder 'coast' would be a class, but it holds the partitions test, train",
    ),
    Case(
        "test images alone",
        lambda: good("test/coast", "test/forest"),
        "images: images for test but none for train; partitions are train (or tr, training)",
    ),
]

HEAD = "file,class\n"
MANIFESTS = [
    Case(
        "no column for the class",
        lambda: manifest("file,kind\ncoast/0.png,a\n"),
        "images/list.csv: no column class or label or category; the first row must name the "
        "columns, found 'file', 'kind'",
    ),
    Case(
        "no column for the file",
        lambda: manifest("name,class\ncoast/0.png,a\n"),
        "images/list.csv: no column file or filename or path or image",
    ),
    Case("nothing in it", lambda: manifest(""), "images/list.csv: no column file"),
    Case("a header and no rows", lambda: manifest(HEAD), "images/list.csv: no images found"),
    Case(
        "byte-order mark, semicolons",
        lambda: manifest("file;class\ncoast/0.png;a\nforest/0.png;b\n", "utf-8-sig"),
        f"{USED}read as they are meant",
    ),
    Case(
        "a row twice",
        lambda: manifest(HEAD + "coast/0.png,a\nforest/0.png,b\ncoast/0.png,a\n"),
        "images/list.csv: column file: is listed more than once (files are relative to images): "
        "row 4 ('coast/0.png', also row 2)",
    ),
    Case(
        "one file under two classes",
        lambda: manifest(HEAD + "coast/0.png,a\nforest/0.png,b\n./coast/0.png,b\n"),
        "column file: is listed more than once (files are relative to images): row 4",
    ),
    Case(
        "an unknown partition",
        lambda: manifest("file,class,set\ncoast/0.png,a,train\nforest/0.png,b,holdout\n"),
        "images/list.csv: column set: must be train (or tr, training), validation (or val, valid, "
        "dev), test (or te, testing), in capital or small letters; it is not in: row 3 ('holdout')",
    ),
    Case(
        "partitions for some rows only",
        lambda: manifest("file,class,set\ncoast/0.png,a,train\nforest/0.png,b,\n"),
        "column set: is given for some rows only, not for: row 3",
    ),
    Case(
        "a path with ..",
        lambda: manifest(HEAD + "../x.png,a\nforest/0.png,b\n"),
        "column file: must be a relative path without '..' (files are relative to images): row 2",
    ),
    Case(
        "an absolute path",
        lambda: manifest(HEAD + "/etc/passwd,a\nforest/0.png,b\n"),
        "column file: must be a relative path without '..' (files are relative to images): row 2",
    ),
    Case(
        "a file that is not there",
        lambda: manifest(HEAD + "coast/0.png,a\nforest/9.png,b\n"),
        "column file: does not exist (files are relative to images): row 3 ('forest/9.png')",
    ),
    Case(
        "a row without a class",
        lambda: manifest(HEAD + "coast/0.png,a\nforest/0.png,\n"),
        "images/list.csv: column class: has no class: row 3",
    ),
    Case(
        "a row with too few cells",
        lambda: manifest(HEAD + "coast/0.png,a\nforest/0.png\n"),
        "images/list.csv: rows with other than 2 cells: row 3 (1)",
    ),
    Case(
        "a column of weights",
        lambda: manifest("file,class,weight\ncoast/0.png,a,1\nforest/0.png,b,2\n"),
        "images/list.csv: columns that cannot be used: weight (set dataset.weight_col to weight "
        "the images, or remove the column)",
    ),
    Case(
        "a column of folds",
        lambda: manifest("file,class,fold\ncoast/0.png,a,1\nforest/0.png,b,2\n"),
        "columns that cannot be used: fold (folds are made by Scenery and cannot be given",
    ),
    Case(
        "a column is_train",
        lambda: manifest("file,class,is_train\ncoast/0.png,a,1\nforest/0.png,b,0\n"),
        "columns that cannot be used: is_train (write one column partition with train",
    ),
    Case(
        "a column of patients",
        lambda: manifest("file,class,patient\ncoast/0.png,a,x\nforest/0.png,b,y\n"),
        f"{USED}images of one patient lie in one partition (also group, subject, scene)",
    ),
    Case(
        "other columns",
        lambda: manifest("file,class,camera\ncoast/0.png,a,x\nforest/0.png,b,y\n"),
        f"{USED}without them; the log names them",
    ),
    Case(
        "a column of 0 and 1 for each class",
        lambda: manifest("file,a,b\ncoast/0.png,0,1\nforest/0.png,1,0\n"),
        f"{USED}as the classes",
    ),
    Case(
        "two classes for one image",
        lambda: manifest(HEAD + "coast/0.png,a|b\nforest/0.png,b\n"),
        "images/list.csv: column class: several classes for one image (multi-label) cannot be "
        "learned, every image has exactly one class; name one, or make a class of the combination "
        "under a name of its own: row 2 ('a|b')",
    ),
    Case(
        "an open quotation mark",
        lambda: manifest(HEAD + '"coast/0.png,a\n'),
        "images/list.csv: is not a readable table",
    ),
    Case(
        "another encoding than UTF-8",
        lambda: manifest(HEAD + "é.png,a\n", "latin-1"),
        "images/list.csv: is not UTF-8 text (invalid continuation byte); save it as UTF-8",
    ),
    Case(
        "a link that leads out of the folder",
        lambda: (
            manifest(HEAD + "coast/0.png,a\nout.png,b\n"),
            noise(3).save("secret.png"),
            Path("images/out.png").symlink_to(Path("secret.png").absolute()),
        ),
        "column file: is a symbolic link that leads out of the root (files are relative to images)",
    ),
]
