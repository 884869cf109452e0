import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyarrow import fs

from currents_async.errors import ExportError
from currents_async.export._write.local_store import LocalStore, make_directory
from currents_async.export._write.object_store import ObjectStore
from currents_async.export._write.stores import Store
from currents_async.export._write.target import local_path, store_at
from tests.export.buckets import Bucket


@pytest.fixture(autouse=True)
def own_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "temporary"
    directory.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    return directory


def put(store: Store, name: str, content: bytes) -> None:
    staged = store.stage(name)
    staged.write_bytes(content)
    store.publish(staged, name)


@pytest.fixture(params=["a directory", "an object store"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    store: Store = (
        LocalStore(tmp_path / "target")
        if request.param == "a directory"
        else ObjectStore(fs.PyFileSystem(Bucket()), "bucket/target/")
    )
    store.prepare()
    return store


class TestStores:
    def test_published_files_are_visible_and_replaced_as_a_whole(self, store: Store) -> None:
        assert store.read("a/b%20 c.txt") is None
        put(store, "a/b%20 c.txt", b"old")
        put(store, "a/b%20 c.txt", b"new")
        assert store.read("a/b%20 c.txt") == b"new"

    def test_staged_files_are_not_visible(self, store: Store) -> None:
        staged = store.stage("a.txt")
        staged.write_bytes(b"staged")
        assert store.read("a.txt") is None
        store.tidy()
        assert not staged.exists()
        assert not store.staging.exists()

    def test_tidying_takes_nothing_that_has_been_published(self, store: Store) -> None:
        put(store, "a.txt", b"here")
        store.tidy()
        store.tidy()
        assert store.read("a.txt") == b"here"

    def test_removing(self, store: Store) -> None:
        put(store, "a/b.txt", b"here")
        for _ in range(2):
            store.remove("a/b.txt")
            assert store.read("a/b.txt") is None
        store.remove("never/was.txt")

    def test_appending(self, store: Store) -> None:
        for line in (b"1\n", b"2\n", b"3\n"):
            store.append("_currents/journal", line)
        assert store.read("_currents/journal") == b"1\n2\n3\n"

    def test_an_appended_file_can_be_replaced_in_between(self, store: Store) -> None:
        store.append("j", b"1\n2")
        assert store.read("j") == b"1\n2"
        put(store, "j", b"1\n")
        store.append("j", b"3\n")
        assert store.read("j") == b"1\n3\n"


class TestLocalStore:
    @pytest.fixture
    def synced(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The paths of what is written to the disk."""
        synced: list[str] = []

        def note(descriptor: int) -> None:
            path = Path(f"/proc/self/fd/{descriptor}").readlink()
            synced.append("a staged file" if path.suffix == ".part" else path.name)

        if not Path("/proc/self/fd").exists():
            pytest.skip("there is no /proc to tell what a descriptor is of")
        monkeypatch.setattr(os, "fsync", note)
        return synced

    def test_a_file_is_synced_before_its_name_and_its_directories(
        self, tmp_path: Path, synced: list[str]
    ) -> None:
        root = tmp_path / "x" / "target"
        store = LocalStore(root)
        store.prepare()
        assert synced == [tmp_path.name, "x", "target"]
        synced.clear()
        put(store, "tests/day=1/a", b"")
        assert synced == ["a staged file", "target", "tests", "day=1"]
        synced.clear()
        put(store, "tests/day=1/a", b"")
        assert synced == ["a staged file", "day=1"]
        synced.clear()
        store.remove("tests/day=1/a")
        store.remove("tests/day=1/a")
        assert synced == ["day=1"]

    def test_a_line_is_synced_and_so_is_the_name_of_a_new_file(
        self, tmp_path: Path, synced: list[str]
    ) -> None:
        store = LocalStore(tmp_path)
        for _ in range(2):
            store.append("journal", b"1\n")
        assert synced == ["journal", tmp_path.name, "journal"]

    def test_it_does_not_follow_the_working_directory(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        store = LocalStore(Path("target"))
        store.prepare()
        monkeypatch.chdir("/")
        put(store, "a", b"here")
        assert (tmp_path / "target" / "a").read_bytes() == b"here"

    def test_a_link_to_a_directory_is_that_directory(self, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir()
        (tmp_path / "link").symlink_to(tmp_path / "real")
        store = LocalStore(tmp_path / "link")
        store.prepare()
        put(store, "a", b"here")
        assert (tmp_path / "real" / "a").read_bytes() == b"here"
        assert (
            store.lock.samefile(tmp_path / "real" / "_currents" / "lock")
            if (store.lock.exists())
            else store.lock.parent.samefile(tmp_path / "real" / "_currents")
        )

    @pytest.mark.parametrize("target", ["file", "file/below", "dangling"])
    def test_an_invalid_directory_is_an_os_error(self, tmp_path: Path, target: str) -> None:
        (tmp_path / "file").write_bytes(b"mine")
        (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
        with pytest.raises(OSError, match=target.partition("/")[0]):
            LocalStore(tmp_path / target).prepare()
        assert (tmp_path / "file").read_bytes() == b"mine"

    def test_making_an_existing_directory_changes_nothing(self, tmp_path: Path) -> None:
        make_directory(tmp_path)
        make_directory(tmp_path / "a" / "b")
        make_directory(tmp_path / "a" / "b")
        assert (tmp_path / "a" / "b").is_dir()


class TestObjectStore:
    @pytest.fixture
    def bucket(self) -> Bucket:
        return Bucket(room=3 << 20)

    @pytest.fixture
    def store(self, bucket: Bucket) -> Iterator[ObjectStore]:
        store = ObjectStore(fs.PyFileSystem(bucket), "bucket/target")
        store.prepare()
        yield store
        store.tidy()

    def test_an_upload_that_fails_midway_leaves_the_object_that_was_there(
        self, store: ObjectStore, bucket: Bucket
    ) -> None:
        put(store, "a", b"old")
        with pytest.raises(OSError, match="the connection was lost"):
            put(store, "a", bytes(4 << 20))
        assert bucket.objects == {"bucket/target/a": b"old"}

    def test_a_large_file_is_uploaded_as_it_is(self, store: ObjectStore, bucket: Bucket) -> None:
        content = os.urandom(2_500_000)
        put(store, "a", content)
        assert bucket.objects == {"bucket/target/a": content}
        assert not list(store.staging.iterdir())

    def test_an_export_on_another_machine_is_detected(
        self, store: ObjectStore, bucket: Bucket
    ) -> None:
        elsewhere = ObjectStore(fs.PyFileSystem(bucket), "bucket/target")
        assert store.read("j") == elsewhere.read("j") is None
        elsewhere.append("j", b"theirs\n")
        with pytest.raises(ExportError, match="another export writes to this target: j has chang"):
            store.append("j", b"ours\n")
        assert bucket.objects == {"bucket/target/j": b"theirs\n"}

    def test_staging_is_for_one_user_only(
        self, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert stat.S_IMODE(store.lock.parent.stat().st_mode) == 0o700
        somebody = os.getuid() + 1
        monkeypatch.setattr(os, "getuid", lambda: somebody)
        with pytest.raises(PermissionError, match="belongs to another user"):
            store.prepare()

    def test_a_symbolic_link_is_not_used_for_staging(self, store: ObjectStore) -> None:
        store.lock.parent.rename(store.lock.parent.with_name("elsewhere"))
        store.lock.parent.symlink_to("elsewhere")
        with pytest.raises(PermissionError, match="belongs to another user"):
            store.prepare()

    def test_targets_do_not_share_a_lock(self) -> None:
        one, same, other = (
            ObjectStore(fs.PyFileSystem(Bucket()), root).lock for root in ("b/x", "b/x/", "b/y")
        )
        assert one == same != other


class TestTargets:
    @pytest.mark.parametrize(
        ("target", "path"),
        [
            ("lake", "lake"),
            (Path("a b"), "a b"),
            ("a%20b", "a%20b"),
            ("s3:lake", "s3:lake"),
            ("file:///tmp/a%20b%25", "/tmp/a b%"),  # noqa: S108 - a name only
            ("file://localhost/lake", "/lake"),
            ("FILE:///lake", "/lake"),
            ("s3://bucket/lake", None),
        ],
    )
    def test_paths_and_urls_of_files(self, target: str | Path, path: str | None) -> None:
        assert local_path(target) == (None if path is None else Path(path))

    @pytest.mark.parametrize(
        "target", ["file://host/lake", "file://", "file:///a?b", "file:///a#b"]
    )
    def test_urls_of_files_elsewhere(self, target: str) -> None:
        with pytest.raises(ValueError, match="this file:// URL is not a path on this machine"):
            store_at(target)

    @pytest.mark.parametrize(
        ("url", "why"),
        [
            ("ftp://key:secret@host/lake", "pyarrow does not support this ftp:// URL"),
            ("s3://key:secret@/", "this s3:// URL"),
            ("s3://key:secret@bucket/lake?secret=1", "pyarrow does not support this s3:// URL"),
        ],
    )
    def test_invalid_urls_are_refused_without_showing_their_secrets(
        self, url: str, why: str
    ) -> None:
        with pytest.raises(ValueError, match=why) as caught:
            store_at(url)
        assert "secret" not in str(caught.value)
        assert caught.value.__suppress_context__ or caught.value.__context__ is None

    def test_object_stores_that_pyarrow_supports(self) -> None:
        assert isinstance(store_at("gs://anonymous@bucket/lake"), ObjectStore)
        assert isinstance(store_at("file:///lake"), LocalStore)


def test_a_store_that_writes_checksums_into_objects_is_named() -> None:
    bucket = Bucket()
    store = ObjectStore(fs.PyFileSystem(bucket), "bucket/lake")
    store.prepare()
    bucket.objects["bucket/lake/j"] = b"2\r\n1\n\r\n0\r\nx-amz-checksum-crc64nvme:AAAA\r\n\r\n"
    for act in (store.read, store.check):
        with pytest.raises(ExportError, match="AWS_REQUEST_CHECKSUM_CALCULATION=when_required"):
            act("j")
