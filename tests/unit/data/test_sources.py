"""Finding the images of folders, partitioned folders and manifests."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from scenery.config.dataset import Dataset
from scenery.data import content_digests as content
from scenery.data.sources import (
    FoundImage,
    dataset_digest,
    list_images,
    stray_files,
    unused_columns,
)
from scenery.errors import UserError


def fill(root: Path, *files: str) -> Path:
    for file in files:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file)
    return root


def manifest(root: Path, text: str, encoding: str = "utf-8") -> Path:
    path = root / "images.csv"
    path.write_bytes(text.encode(encoding))
    return path


def refused(path: Path, root: Path | None = None) -> str:
    with pytest.raises(UserError) as caught:
        list_images(path, root)
    return str(caught.value)


def test_class_folders(tmp_path: Path) -> None:
    fill(tmp_path, "sea/b.JPG", "sea/2020/a.png", "land/c.tiff")
    assert list_images(tmp_path) == [
        FoundImage("land/c.tiff", "land", ""),
        FoundImage("sea/2020/a.png", "sea", ""),
        FoundImage("sea/b.JPG", "sea", ""),
    ]


def test_hidden_and_other_files_are_left_out_and_listed(tmp_path: Path) -> None:
    fill(tmp_path, "sea/a.png", "land/b.png")
    fill(
        tmp_path, "sea/._a.png", "sea/.ipynb_checkpoints/a.png", "__MACOSX/sea/a.png", ".git/x.png"
    )
    fill(tmp_path, "README.txt", "cover.png", "sea/Thumbs.db")
    assert [image.file for image in list_images(tmp_path)] == ["land/b.png", "sea/a.png"]
    assert stray_files(tmp_path) == ["README.txt", "cover.png", "sea/Thumbs.db"]


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [
        ("train", "validation", "test"),
        ("Training", "VAL", "te"),
        ("tr", "dev", "Testing"),
        ("TRAIN", "valid", "TEST"),
    ],
)
def test_partition_folders_in_any_spelling(
    tmp_path: Path, train: str, validation: str, test: str
) -> None:
    names = {train: "train", validation: "validation", test: "test"}
    fill(tmp_path, *(f"{name}/{label}/1.png" for name in names for label in ("a", "b")))
    found = list_images(tmp_path)
    assert {(image.file, image.class_name, image.partition) for image in found} == {
        (f"{name}/{label}/1.png", label, names[name]) for name in names for label in ("a", "b")
    }


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    fill(tmp_path, "train/1.png", "bus/1.png", "test/1.png")
    assert {image.class_name for image in list_images(tmp_path)} == {"train", "bus", "test"}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["train/a/1.png", "train/b/1.png", "extra/1.png"], "'extra'|extra beside them do not"),
        (["train/a/1.png", "train/b/1.png", "test/1.png"], "test beside them do not"),
        (["train/1.png", "test/1.png"], "train have no class folders|have no class folders"),
        (["train/a/1.png", "train/b/1.png", "Training/a/1.png"], "both mean train"),
        (["test/a/1.png", "test/b/1.png"], "none for train"),
        (["train/a/1.png", "train/b/1.png", "test/a/1.png"], "'b' in test"),
        (["a/1.png"], "only one class, 'a'"),
        (["a/1.png", "b/readme.txt"], "class folders without images: b"),
        (["1.png", "2.png"], "has no class folders"),
        (["a\x07/1.png", "b/1.png"], r"a\\x07"),
    ],
)
def test_folders_that_are_refused(tmp_path: Path, files: list[str], message: str) -> None:
    import re

    assert re.search(message, refused(fill(tmp_path, *files)))


def test_missing_and_unknown_sources(tmp_path: Path) -> None:
    assert "does not exist" in refused(tmp_path / "no")
    fill(tmp_path, "images.zip")
    assert "neither a folder nor a manifest" in refused(tmp_path / "images.zip")
    assert "is for manifests" in refused(tmp_path, tmp_path / "other")


def test_links_in_folders_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    fill(tmp_path / "store", "1.png")
    fill(tmp_path / "data", "a/1.png")
    (tmp_path / "data" / "b").symlink_to(tmp_path / "store")
    assert len(list_images(tmp_path / "data")) == 2
    (tmp_path / "data" / "a" / "up").symlink_to(tmp_path / "data" / "a")
    assert "symbolic link to a folder that it lies in" in refused(tmp_path / "data")


@pytest.mark.parametrize(
    "header",
    ["file,class,partition", "Filename;LABEL;Split", "path\tcategory\tset", "image,label,split"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_manifests_of_every_dialect(
    tmp_path: Path, header: str, encoding: str, newline: str
) -> None:
    fill(tmp_path, "a/1.png", "b/2, 3.png")
    delimiter = next(sign for sign in ",;\t" if sign in header)
    rows = [
        header,
        f"./a/1.png{delimiter}cité{delimiter}Training",
        "",
        f'"b\\2, 3.png"{delimiter} land {delimiter}tr',
    ]
    path = manifest(tmp_path, newline.join(rows), encoding)
    assert list_images(path) == [
        FoundImage("a/1.png", "cité", "train"),
        FoundImage("b/2, 3.png", "land", "train"),
    ]


def test_manifest_with_a_root_of_its_own_and_no_partition(tmp_path: Path) -> None:
    fill(tmp_path / "images", "1.png", "2.png")
    path = manifest(tmp_path, "class,file,note,partition\na,1.png,x,\nb,2.png,y,\n")
    assert [image.partition for image in list_images(path, tmp_path / "images")] == ["", ""]
    assert "row 2 ('1.png'), row 3 ('2.png')" in refused(path)
    assert "is not a folder" in refused(path, tmp_path / "no")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,class\n1.png,a\n", "no column file or filename or path or image; the first row"),
        ("file,kind\n1.png,a\n", "no column class or label or category"),
        ("file,path,class\n1.png,1.png,a\n", "file, path mean the same"),
        ("file,class\n1.png,a\n1.png,b\n", "is listed more than once (files are relative to"),
        ("file,class\n1.png,a\n./1.png,b\n", "row 3 ('./1.png', also row 2)"),
        ("file,class\n../x.png,a\n1.png,b\n", "relative path without '..'"),
        ("file,class\n/etc/passwd,a\n1.png,b\n", "row 2 ('/etc/passwd')"),
        ("file,class\nC:\\x.png,a\n1.png,b\n", "must be a relative path"),
        ("file,class\n1.png,a\nno.png,b\n", "does not exist (files are relative to"),
        ("file,class\n1.png,a\nfolder,b\n", "is not a file"),
        ("file,class\n1.png,a\nout.png,b\n", "symbolic link that leads out of the root"),
        ("file,class\n1.png,a\naway/x.png,b\n", "symbolic link that leads out of the root"),
        ("file,class\n1.png,a\n,b\n", "is empty"),
        ("file,class\n1.png,a\n2.png,\n", "column class: has no class: row 3"),
        ("file,class,set\n1.png,a,train\n2.png,b,holdout\n", "row 3 ('holdout')"),
        ("file,class,set\n1.png,a,train\n2.png,b,\n", "for some rows only, not for: row 3"),
        ("file,class\n1.png,a\n2.png\n", "other than 2 cells: row 3 (1)"),
        ("file,class\n1.png,a\n2.png,a\n", "only one class"),
        ("file,class\n", "no images found"),
        ("", "no column file"),
        ('file,class\n"1.png,a\n', "is not a readable table"),
    ],
)
def test_manifests_that_are_refused(tmp_path: Path, text: str, message: str) -> None:
    root = tmp_path / "root"
    fill(root, "1.png", "2.png", "folder/x.png")
    fill(tmp_path / "elsewhere", "x.png")
    (root / "out.png").symlink_to(tmp_path / "elsewhere" / "x.png")
    (root / "away").symlink_to(tmp_path / "elsewhere")
    found = refused(manifest(root, text))
    assert message in found
    assert "images.csv" in found


def test_manifest_in_another_encoding(tmp_path: Path) -> None:
    assert "is not UTF-8" in refused(manifest(tmp_path, "file,class\né.png,a\n", "latin-1"))


def test_links_within_the_root_are_fine(tmp_path: Path) -> None:
    fill(tmp_path, "store/1.png", "2.png")
    (tmp_path / "1.png").symlink_to(tmp_path / "store" / "1.png")
    assert len(list_images(manifest(tmp_path, "file,class\n1.png,a\n2.png,b\n"))) == 2


def test_real_photographs(shared: Path) -> None:
    found = list_images(shared / "data" / "MIT_split")
    assert len(found) == 2688
    assert sum(image.partition == "test" for image in found) == 807
    assert len({image.class_name for image in found}) == 8


def test_digest_changes_with_content_class_and_file_only(tmp_path: Path) -> None:
    data = fill(tmp_path / "data", "a/1.png", "b/2.png")
    cache = tmp_path / "cache" / "digests.json"
    first = dataset_digest(data, None, cache)
    os.utime(data / "a" / "1.png", ns=(1, 1))
    (data / "notes.txt").write_text("x")
    assert dataset_digest(data, None, cache) == first
    (data / "a" / "1.png").write_text("changed")
    changed = dataset_digest(data, None, cache)
    assert changed != first
    (data / "a" / "1.png").rename(data / "b" / "1.png")
    fill(data, "a/3.png")
    assert dataset_digest(data, None, cache) not in {first, changed}


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as settled although the test has just written them."""
    monkeypatch.setattr(content, "SETTLED_NS", -(10**12))


@pytest.fixture
def read_files(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read for their digests."""
    read: list[str] = []
    real = content.file_digest

    def counted(path: str) -> str:
        read.append(Path(path).name)
        return real(path)

    monkeypatch.setattr(content, "file_digest", counted)
    return read


@pytest.mark.usefixtures("settled")
def test_dataset_digest_known_files_are_not_read(tmp_path: Path, read_files: list[str]) -> None:
    data = fill(tmp_path / "data", "a/1.png", "b/2.png")
    cache = tmp_path / "digests.json"
    first = dataset_digest(data, None, cache)
    read_files.clear()
    assert dataset_digest(data, None, cache) == first
    assert read_files == []
    (data / "b" / "2.png").write_text("other")
    dataset_digest(data, None, cache)
    assert read_files == ["2.png"]


def swapped(data: Path) -> None:
    one, other = data / "a" / "1.png", data / "b" / "2.png"
    one.rename(data / "x")
    other.rename(one)
    (data / "x").rename(other)


def rewritten(data: Path) -> None:
    path = data / "a" / "1.png"
    times = path.stat()
    path.write_text("A/1.png")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def replaced(data: Path) -> None:
    path = data / "a" / "1.png"
    times = path.stat()
    (data / "new").write_text("A/1.png")
    os.utime(data / "new", ns=(times.st_atime_ns, times.st_mtime_ns))
    (data / "new").replace(path)


def relinked(data: Path) -> None:
    (data / "b" / "2.png").unlink()
    (data / "b" / "2.png").symlink_to(data / "a" / "1.png")


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("change", [swapped, rewritten, replaced, relinked])
def test_dataset_digest_change_with_kept_size_and_time_is_noticed(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    data = fill(tmp_path / "data", "a/1.png", "b/2.png")
    for path in data.rglob("*.png"):
        os.utime(path, (1_600_000_000, 1_600_000_000))
    cache = tmp_path / "digests.json"
    first = dataset_digest(data, None, cache)
    change(data)
    changed = dataset_digest(data, None, cache)
    assert changed != first
    assert changed == dataset_digest(data, None, tmp_path / "no_cache.json")


def test_dataset_digest_file_that_has_just_changed_is_read_again(
    tmp_path: Path, read_files: list[str]
) -> None:
    data = fill(tmp_path / "data", "a/1.png", "b/2.png")
    cache = tmp_path / "digests.json"
    dataset_digest(data, None, cache)
    read_files.clear()
    dataset_digest(data, None, cache)
    assert sorted(read_files) == ["1.png", "2.png"]


@pytest.mark.usefixtures("settled")
def test_dataset_digest_moved_folder_is_the_same(tmp_path: Path) -> None:
    data = fill(tmp_path / "data", "a/1.png", "b/2.png")
    first = dataset_digest(data, None, tmp_path / "digests.json")
    data.rename(tmp_path / "elsewhere")
    assert dataset_digest(tmp_path / "elsewhere", None, tmp_path / "digests.json") == first


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"x": 3}',
        b'{"FILE": [7, 0, 0, 0, 5]}',
        b'{"FILE": ["7", 0, 0, 0, "x"]}',
        b"[" * 100_000,
    ],
)
@pytest.mark.usefixtures("settled")
def test_a_broken_cache_is_made_anew(tmp_path: Path, broken: bytes) -> None:
    data = fill(tmp_path / "data", "a/1.png", "b/2.png")
    cache = tmp_path / "digests.json"
    first = dataset_digest(data, None, cache)
    good = cache.read_bytes()
    cache.write_bytes(broken.replace(b"FILE", str(data / "a" / "1.png").encode()))
    assert dataset_digest(data, None, cache) == first
    assert cache.read_bytes() == good


def test_a_cache_that_cannot_be_written_costs_nothing_else(tmp_path: Path) -> None:
    data = fill(tmp_path / "data", "a/1.png", "b/2.png")
    fill(tmp_path, "file")
    cache = tmp_path / "file" / "digests.json"
    assert dataset_digest(data, None, cache) == dataset_digest(data, None, tmp_path / "cache.json")


def test_sources_need_only_the_standard_library() -> None:
    import subprocess
    import sys

    code = "import sys, scenery.data.sources; print(*{'numpy', 'PIL', 'pandas'} & set(sys.modules))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.strip() == ""


def test_list_images_group_column_names_the_group(tmp_path: Path) -> None:
    fill(tmp_path, "1.png", "2.png", "3.png")
    path = manifest(tmp_path, "file,class,Patient ID\n1.png,a,P1\n2.png,b, P1 \n3.png,b,\n")
    assert [image.group for image in list_images(path)] == ["P1", "P1", ""]


def test_list_images_one_hot_columns_give_the_class(tmp_path: Path) -> None:
    fill(tmp_path, "1.png", "2.png")
    path = manifest(tmp_path, "image_name,Split,Cat,DOG\n1.png,tr,0,1\n2.png,tr,1.0,0.0\n")
    assert [image.class_name for image in list_images(path)] == ["DOG", "Cat"]


def test_unused_columns_are_named_as_written(tmp_path: Path) -> None:
    fill(tmp_path, "1.png", "2.png")
    path = manifest(tmp_path, "file,class,Camera Model,url\n1.png,a,x,y\n2.png,b,x,y\n")
    assert unused_columns(path) == ["Camera Model", "url"]
    assert unused_columns(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "file,class,Sample Weight\n1.png,a,2\n2.png,b,1\n",
            "sample_weight (set dataset.weight_col",
        ),
        ("file,class,fold\n1.png,a,0\n2.png,b,1\n", "fold (folds are made by Scenery"),
        ("file,class,is-train\n1.png,a,0\n2.png,b,1\n", "is_train (write one column partition"),
        ("file,class,xmin\n1.png,a,0\n2.png,b,1\n", "xmin (images are used whole"),
        ("file,class,exclude\n1.png,a,0\n2.png,b,1\n", "exclude (every row is used"),
        ("file,class,patient,scene\n1.png,a,0,1\n2.png,b,1,1\n", "patient, scene mean the same"),
        ("file,class,note,note\n1.png,a,0,1\n2.png,b,1,1\n", "columns of the same name: 'note'"),
        ("file,class\n1.png,a|b\n2.png,b\n", "(multi-label) cannot be learned"),
        ('file,class\n1.png,"a, b"\n2.png,b\n3.png,a\n', "row 2 ('a, b')"),
        ("file,class\n1.png,a+b\n2.png,b\n3.png,a\n", "row 2 ('a+b')"),
        ("file,a,b\n1.png,0,0\n2.png,1,0\n", "columns a, b: one of them must be 1; none is: row 2"),
        ("file,a,b\n1.png,1,1\n2.png,1,0\n", "only one of them may be 1: row 2 (a, b)"),
        ("file,a,b\n1.png,x,1\n2.png,1,0\n", "no column class or label or category"),
        ("file,class\n1.png,a\n2.png,A\n", "'A' and 'a' (they differ in capital letters)"),
        ("file,class\n1.png,a\n2.png,a \n3.png,b\n", "with and without spaces around it: row 3"),
        ("file,class,group\n1.png,a,P1\n2.png,b,p1\n", "names of groups that look alike"),
    ],
)
def test_list_images_manifest_columns_with_a_meaning_are_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    fill(tmp_path, "1.png", "2.png", "3.png")
    assert message in refused(manifest(tmp_path, text))


def test_list_images_weight_column_gives_the_weights(tmp_path: Path) -> None:
    fill(tmp_path, "1.png", "2.png", "3.png")
    path = manifest(tmp_path, "file,class,Sure\n1.png,a,0.5\n2.png,b,3\n3.png,b,1e-2\n")
    assert [image.weight for image in list_images(path, weight_col="sure")] == [0.5, 3.0, 0.01]
    assert [image.weight for image in list_images(path)] == [1.0] * 3
    assert unused_columns(path, weight_col="sure") == []


@pytest.mark.parametrize("cell", ["0", "-1", "", "many", "nan", "inf"])
def test_list_images_weight_that_is_not_above_0_is_refused(tmp_path: Path, cell: str) -> None:
    fill(tmp_path, "1.png", "2.png")
    path = manifest(tmp_path, f"file,class,sure\n1.png,a,{cell}\n2.png,b,1\n")
    with pytest.raises(UserError, match="column sure: a weight is a number above 0") as caught:
        list_images(path, weight_col="sure")
    assert f"row 2 ({cell!r})" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [("wheight", "no column 'wheight'"), ("class", "cannot be two of the file, the class")],
)
def test_list_images_weight_column_of_another_name_is_refused(
    tmp_path: Path, name: str, message: str
) -> None:
    fill(tmp_path, "1.png", "2.png")
    path = manifest(tmp_path, "file,class,weight\n1.png,a,1\n2.png,b,1\n")
    with pytest.raises(UserError, match=message):
        list_images(path, weight_col=name)


def test_list_images_weight_column_of_a_folder_is_refused(tmp_path: Path) -> None:
    fill(tmp_path, "a/1.png", "b/2.png")
    with pytest.raises(UserError, match=r"dataset\.weight_col: 'w' is a column of a manifest"):
        list_images(tmp_path, weight_col="w")


def test_list_images_labels_with_signs_are_names_unless_their_parts_are(tmp_path: Path) -> None:
    fill(tmp_path, "1.png", "2.png", "3.png")
    path = manifest(tmp_path, "file,class\n1.png,sand/gravel\n2.png,sand\n3.png,C++\n")
    assert len(list_images(path)) == 3


@pytest.mark.parametrize(
    ("names", "difference"),
    [
        (("cat", "Cat"), "capital letters"),
        (("cat", "cat "), "spaces"),
        (("two  words", "two words"), "spaces"),
        (("caf\u00e9", "cafe\u0301"), "accents as one or as two characters, Unicode NFC and NFD"),
        (("cat", "ca\u200dt"), "invisible characters"),
        (("Caf\u00e9 ", "cafe\u0301"), "NFC and NFD and spaces and capital letters"),
    ],
)
@pytest.mark.parametrize("partitions", [("",), ("train/", "test/")])
def test_list_images_names_that_look_alike_are_refused(
    tmp_path: Path, names: tuple[str, str], difference: str, partitions: tuple[str, ...]
) -> None:
    fill(tmp_path, *(f"{part}{name}/1.png" for part in partitions for name in (*names, "z")))
    message = refused(tmp_path)
    assert difference in message
    assert ascii(names[1])[1:-1] in message


def test_list_images_names_that_look_alike_in_two_partitions_are_refused(tmp_path: Path) -> None:
    fill(tmp_path, "train/cat/1.png", "train/b/1.png", "test/Cat/1.png", "test/b/1.png")
    assert "'Cat' and 'cat' (they differ in capital letters)" in refused(tmp_path)


@pytest.mark.parametrize(
    ("files", "path", "meant"),
    [
        (["set/train/a/1.png", "set/train/b/1.png", "readme.txt"], "", "set"),
        (["x/set/a/1.png", "x/set/b/1.png"], "", "x/set"),
        (
            ["set/train/a/1.png", "set/train/b/1.png", "set/test/a/1.png", "set/test/b/1.png",
             "docs/page.txt"],
            "",
            "set",
        ),
        (["a/1.png", "b/1.png"], "a", "."),
    ],
)  # fmt: skip
def test_list_images_wrapper_folder_names_the_folder_that_was_meant(
    tmp_path: Path, files: list[str], path: str, meant: str
) -> None:
    fill(tmp_path, *files)
    place = str(tmp_path / meant) if meant != "." else str(tmp_path)
    assert f"(dataset.path: did you mean {place}?)" in refused(tmp_path / path)


def test_list_images_partitions_within_classes_are_refused(tmp_path: Path) -> None:
    fill(tmp_path, *(f"{name}/{part}/1.png" for name in "ab" for part in ("train", "test")))
    assert "the folder 'a' would be a class, but it holds the partitions test, train" in refused(
        tmp_path
    )


def test_list_images_with_the_group_column_of_the_config(tmp_path: Path) -> None:
    fill(tmp_path, "1.png", "2.png")
    rows = "file,class,patient,Case Number\n1.png,a,P1,7\n2.png,b,P2,7\n"
    path = manifest(tmp_path, rows)
    assert [image.group for image in list_images(path)] == ["P1", "P2"]
    assert [image.group for image in list_images(path, group="case number")] == ["7", "7"]
    assert unused_columns(path, "Case Number") == ["patient"]
    cache = tmp_path / "digests.json"
    assert dataset_digest(path, None, cache) != dataset_digest(
        path, None, cache, group="case_number"
    )


@pytest.mark.parametrize(
    ("group", "said"),
    [("case", "no column 'case', which dataset.group names"), ("class", "it must be another one")],
)
def test_list_images_with_a_wrong_group_column_is_refused(
    tmp_path: Path, group: str, said: str
) -> None:
    path = manifest(tmp_path, "file,class,patient\n1.png,a,P1\n2.png,b,P2\n")
    with pytest.raises(UserError, match=said):
        list_images(path, group=group)


MESSY = (
    "Photo Path,species,file,age,wolf,dog\n1.png,dog,x.png,3,0,1\n2.png,wolf,y.png,4,1,0\n"
    "3.png,wolf,z.png,4,1,0\n"
)


@pytest.mark.parametrize("y_col", ["Species", ("wolf", "dog")])
def test_list_images_with_the_columns_of_the_config(
    tmp_path: Path, y_col: str | tuple[str, ...]
) -> None:
    fill(tmp_path, "1.png", "2.png", "3.png")
    path = manifest(tmp_path, MESSY)
    found = list_images(path, x_col="photo path", y_col=y_col)
    assert [(image.file, image.class_name) for image in found] == [
        ("1.png", "dog"), ("2.png", "wolf"), ("3.png", "wolf")
    ]  # fmt: skip
    assert "age" in unused_columns(path, None, "photo path", y_col)


@pytest.mark.parametrize(
    ("x_col", "y_col", "said"),
    [
        ("photo", "species", "no column 'photo', which dataset.x_col names; the columns are"),
        ("photo path", "kind", "no column 'kind', which dataset.y_col names"),
        ("photo path", ("wolf", "age"), "each must be 0 or 1 in every row"),
        ("species", "species", "the column 'species' cannot be two of the file, the class"),
    ],
)
def test_list_images_with_a_wrong_column_of_the_config_is_refused(
    tmp_path: Path, x_col: str, y_col: str | tuple[str, ...], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        list_images(manifest(tmp_path, MESSY), x_col=x_col, y_col=y_col)


def test_list_images_of_some_classes_leaves_the_others_out(tmp_path: Path) -> None:
    fill(tmp_path, *(f"{part}/{name}/1.png" for part in ("train", "test") for name in "abc"))
    found = list_images(tmp_path, classes=("c", "a"))
    assert {image.class_name for image in found} == {"a", "c"}
    with pytest.raises(UserError, match=r"no images of 'd'; there are a, b, c"):
        list_images(tmp_path, classes=("a", "d"))


@pytest.mark.parametrize("key", ["x_col", "y_col"])
def test_list_images_of_a_folder_with_a_column_of_the_config_is_refused(
    tmp_path: Path, key: str
) -> None:
    with pytest.raises(UserError, match=rf"dataset.{key}: 'name' is a column of a manifest"):
        list_images(tmp_path, **{key: "name"})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"path": "digits", "x_col": "file"}, "x_col names a column of a CSV; the path digits"),
        ({"path": "photos", "classes": ["a", "a"]}, "has a name twice"),
    ],
)
def test_dataset_with_columns_or_classes_that_cannot_be(
    values: dict[str, object], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        Dataset.model_validate(values)


def test_list_images_of_a_folder_with_a_group_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"is a column of a manifest, but .* is a folder"):
        list_images(tmp_path, group="patient")
