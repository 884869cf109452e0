import pytest

from currents_async._downloads.file_names import labelled, safe_id, safe_name


class TestNames:
    @pytest.mark.parametrize(
        ("name", "safe"),
        [
            ("video.webm", "video.webm"),
            ("", "asset"),
            (".", "asset"),
            ("..", "asset"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("a/b\\c", "a_b_c"),
            (".bashrc", "bashrc"),
            ("-rf", "rf"),
            ("a\0b\nc\u202ed", "a_b_c_d"),
            ("a.txt. .", "a.txt"),
            ("C:stream", "C_stream"),
            ('<>:"|?*', "_______"),
            ("CON", "_CON"),
            ("nul.txt", "_nul.txt"),
            ("com1.tar.gz", "_com1.tar.gz"),
            ("console", "console"),
            ("caf\u00e9.png", "caf\u00e9.png"),
        ],
    )
    def test_safe_names(self, name: str, safe: str) -> None:
        assert safe_name(name) == safe

    @pytest.mark.parametrize("letter", ["a", "\u00e9", "\U0001f3ad"])
    def test_long_names_keep_their_suffix(self, letter: str) -> None:
        name = safe_name(letter * 300 + ".webm")
        assert name.endswith(f"{letter}.webm")
        assert 140 < len(name.encode()) <= 150
        assert len(safe_name("a" + "." + letter * 300).encode()) <= 150

    @pytest.mark.parametrize(
        ("label", "url_name", "name"),
        [
            (None, "x.png", "x.png"),
            ("", "x.png", "x.png"),
            ("login", "x.png", "login.png"),
            ("login.PNG", "x.png", "login.PNG"),
            ("login", "x", "login"),
            ("a/b", "x.tar.gz", "a_b.gz"),
            ("login", "x." + "y" * 40, "login"),
        ],
    )
    def test_labels(self, label: str | None, url_name: str, name: str) -> None:
        assert labelled(label, url_name) == name

    def test_ids(self) -> None:
        assert safe_id("2tniK8lM9j1rSoVh") == "2tniK8lM9j1rSoVh"
        odd = ["..", "a/b", "a_b ", "", "con", "x" * 200, "\U0001f3ad" * 200]
        names = [safe_id(one) for one in odd]
        assert len(set(names)) == len(odd)
        for name in names:
            assert safe_name(name[:30]) == name[:30]
            assert len(name.encode()) <= 200
