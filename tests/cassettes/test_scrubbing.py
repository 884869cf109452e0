"""What must not be in a file that is kept, and what must not change."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from currents_async.testing._cassettes.addresses import Aliases, mask_aliases, replace_addresses
from currents_async.testing._cassettes.scrubbing import hide_secrets, scrub
from currents_async.testing._cassettes.tape import Exchange, Request, Response


def change() -> Callable[[str], str]:
    name = Aliases()
    return lambda text: replace_addresses(hide_secrets(text), name)


def exchange(json: Any, path: str = "/x") -> Exchange:
    return Exchange(
        request=Request(method="GET", path=path), response=Response(status=200, json=json)
    )


def scrubbed(json: Any) -> Any:
    return scrub(exchange(json), change()).response.json


WORD = st.text("abcdefghijklmnopqrstuvwxyzABCDEFZ0123456789_-éß漢", min_size=1, max_size=12)
LOCALS = st.lists(WORD, min_size=1, max_size=3).map(".".join) | WORD.map(lambda word: f"{word}+ci")
DOMAINS = st.tuples(
    st.lists(WORD, min_size=1, max_size=2).map(".".join), st.sampled_from(["com", "dev", "рф"])
).map(".".join)
ADDRESSES = st.tuples(LOCALS, DOMAINS).map("@".join).filter(lambda one: not one.startswith("git@"))
BETWEEN = st.sampled_from([
    " ",
    "\n",
    "<",
    ">",
    ", ",
    ";",
    '"',
    "'",
    "(",
    ")",
    ": ",
    "/",
    "=",
    "&",
    "<mailto:",
    "?x=",
    "\\",
])
TEXTS = st.text() | st.text("a@.%:/?&=4021 []gitxSignature")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS | ADDRESSES,
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(TEXTS | ADDRESSES, inner, max_size=3)
    ),
    max_leaves=8,
)


class TestAddresses:
    @given(st.lists(st.tuples(BETWEEN, ADDRESSES), min_size=1, max_size=5), BETWEEN)
    def test_none_survives(self, parts: list[tuple[str, str]], end: str) -> None:
        text = change()("".join(map("".join, parts)) + end)
        assert (
            mask_aliases(text, "*")
            == "".join(f"{between}*@scrubbed.example" for between, _ in parts) + end
        )

    @given(st.lists(ADDRESSES, min_size=2, max_size=6))
    def test_equal_where_they_were_equal(self, addresses: list[str]) -> None:
        names = scrubbed(addresses)
        assert len(set(names)) == len(set(addresses))
        assert [names[addresses.index(one)] for one in addresses] == names

    @given(st.lists(ADDRESSES, min_size=1, max_size=3))
    def test_in_urls(self, addresses: list[str]) -> None:
        encoded = quote(",".join(addresses), safe="")
        text = change()(f"?authors={encoded}&q=1 {addresses[0]}")
        assert mask_aliases(text, "*") == (
            "?authors="
            + "%2C".join(["*%40scrubbed.example"] * len(addresses))
            + "&q=1 *@scrubbed.example"
        )
        assert text.startswith("?authors=user1%40")
        assert text.endswith(" user1@scrubbed.example")

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("Co-authored-by: Zoë <zoe@example.org>\n", "Co-authored-by: Zoë <user1@{}>\n"),
            ("...ada@corp.com...", "...user1@{}..."),
            ("ada@corp.com,ada@corp.com", "user1@{},user1@{}"),
            ("1+dependabot[bot]@users.noreply.github.com", "user1@{}"),
            ("50%zada@corp.com", "50%user1@{}"),
            ("ada%2Bci%40corp.com ada+ci@corp.com", "user1%40{} user1@{}"),
            ("ada%2540corp.com", "user1%2540{}"),
            ("?authors=ada%40corp.com", "?authors=user1%40{}"),
            ("Ada@corp.com ada@corp.com", "user1@{} user2@{}"),
            ("a@b@corp.com", "a@user1@{}"),
            ("user@scrubbed.example", "user1@{}"),
        ],
    )
    def test_found(self, text: str, expected: str) -> None:
        assert change()(text) == expected.replace("{}", "scrubbed.example")

    @pytest.mark.parametrize(
        "text",
        [
            "node_modules/.pnpm/playwright@1.40.1/node_modules/@playwright/test",
            "user17@scrubbed.example",
            "@smoke @slow.test, build@42, a @ b.com, 100%",
            "git@github.com:acme/shop.git",
            "ssh://git@github.com/acme/shop.git",
            "https://fs.currents.dev/o/a.png?w=1&page=2#top",
            "policy=strict, a token=b",
        ],
    )
    def test_left_alone(self, text: str) -> None:
        assert change()(text) == text


class TestUrls:
    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            (
                "https://a.example/x?Expires=1&Signature=SECRET~&Key-Pair-Id=SECRET",
                "https://a.example/x?[signature]",
            ),
            (
                "https://a.example/x?X-Amz-Date=1&X-Amz-Security-Token=SECRET%3D",
                "https://a.example/x?[signature]",
            ),
            ("/x?w=1&Policy=SECRET&Signature=SECRET", "/x?w=1&Policy=[signature]"),
            ("/x?access_token=SECRET", "/x?access_token=[signature]"),
            (
                "https://t.example/?trace=https%3A%2F%2Fa.example%2Fx%3Fw%3D1%26Signature%3DSECRET",
                "https://t.example/?trace=https%3A%2F%2Fa.example%2Fx%3Fw%3D1%26Signature%3D[signature]",
            ),
            ("https://x-access-token:SECRET@github.com/a/b.git", "https://github.com/a/b.git"),
            ("https://SECRET@github.com/a/b.git", "https://github.com/a/b.git"),
            ("https://git:SEC@RET@github.com", "https://github.com"),
            ("postgres://user:SECRET@db.example:5432/x", "postgres://db.example:5432/x"),
        ],
    )
    def test_without_secrets(self, url: str, expected: str) -> None:
        for template in ("{}", "see {} and ({} )", '<a href="{}">', "{}\n{}"):
            assert hide_secrets(template.replace("{}", url)) == template.replace("{}", expected)

    @given(
        st.sampled_from([
            "Signature",
            "X-Amz-Signature",
            "sig",
            "Policy",
            "key-pair-id",
            "idToken",
        ]),
        st.text("abcABC0123456789-._~%+/=", min_size=1),
        st.lists(st.sampled_from(["Expires=1", "w=2", "flag"]), max_size=3),
    )
    def test_no_signature_survives(self, name: str, secret: str, others: list[str]) -> None:
        query = "&".join([*others, f"{name}=<{secret}".replace("<", "S3CRET"), *others])
        assert "S3CRET" not in hide_secrets(f"look: https://a.example/x?{query} ok")
        assert "S3CRET" not in hide_secrets(quote(f"https://a.example/x?{query}", safe=""))


class TestWhole:
    @given(JSON)
    def test_scrubbing_again_changes_nothing(self, json: Any) -> None:
        once = scrubbed(json)
        assert scrubbed(once) == once

    @given(JSON)
    def test_the_structure_stays(self, json: Any) -> None:
        assume(no_names_collide(json))
        assert shape(scrubbed(json)) == shape(json)

    @given(st.binary(max_size=50), ADDRESSES.filter(str.isascii))
    def test_bytes_too(self, noise: bytes, address: str) -> None:
        body = noise + b" " + address.encode() + b" " + noise
        one = Exchange(
            request=Request(method="GET", path="/x"), response=Response(status=200, base64=body)
        )
        kept = scrub(one, change()).response.encode()
        assert address.encode() not in kept
        assert b"@scrubbed.example " in kept


class TestWebhooks:
    @pytest.mark.parametrize("path", ["/webhooks", "/webhooks/id"])
    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            ('{"X-Secret": "s", "A": "b"}', '{"A":"[secret]","X-Secret":"[secret]"}'),
            ("{", "[secret]"),
            ('{"X-Secret": 1}', "[secret]"),
            ({"X-Secret": "s"}, "[secret]"),
            (None, None),
        ],
    )
    def test_headers(self, path: str, headers: object, expected: object) -> None:
        for wrap in (lambda hook: hook, lambda hook: {"data": hook}, lambda hook: {"data": [hook]}):
            hook = {"url": "https://bot.example", "headers": headers}
            hidden = wrap({**hook, "headers": expected})
            one = scrub(exchange(wrap(hook), path), str)
            assert one.response.json == hidden
            assert scrub(one, str) == one

    def test_other_headers(self) -> None:
        one = exchange({"headers": '{"X-Secret": "s"}'}, "/webhooksish")
        assert scrub(one, str) == one


def shape(json: Any) -> Any:
    """What is left when texts are all the same."""
    match json:
        case str():
            return "text"
        case list():
            return [shape(item) for item in json]
        case dict():
            return sorted((shape(value) for value in json.values()), key=repr)
        case _:
            return json


def no_names_collide(json: Any) -> bool:
    """Say whether no two fields of an object get the same name, as two signed URLs do."""
    match json:
        case list():
            return all(map(no_names_collide, json))
        case dict():
            distinct = len(scrubbed(dict.fromkeys(json))) == len(json)
            return distinct and all(map(no_names_collide, json.values()))
        case _:
            return True
