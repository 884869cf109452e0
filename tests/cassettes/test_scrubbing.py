"""What must not be in a file that is kept, and what must not change."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from currents_async.testing._cassettes.people import (
    Aliases,
    People,
    mask_aliases,
    rename_people,
    replace_addresses,
)
from currents_async.testing._cassettes.scrubbing import hide_secrets, scrub
from currents_async.testing._cassettes.tape import TapedExchange, TapedRequest, TapedResponse


def change() -> Callable[[str], str]:
    name = Aliases()
    return lambda text: replace_addresses(hide_secrets(text), name)


def exchange(json: Any, path: str = "/x") -> TapedExchange:
    return TapedExchange(
        request=TapedRequest(method="GET", path=path), response=TapedResponse(status=200, json=json)
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
            ("/x?w=1&Policy=SECRET&Signature=SECRET", "/x?[signature]"),
            ("/x?access_token=SECRET", "/x?[signature]"),
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


class TestHooks:
    """Anyone who knows such a URL can post to it."""

    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("hooks.slack.com/services/T01/B02/SECRET", "hooks.slack.com/services/[secret]"),
            ("hooks.slack.com/workflows/T01/A02/1/SECRET", "hooks.slack.com/workflows/[secret]"),
            ("hooks.slack.com/triggers/T01/1/SECRET?a=b", "hooks.slack.com/triggers/[secret]"),
            ("hooks.slack-gov.com/services/T/B/SECRET", "hooks.slack-gov.com/services/[secret]"),
            ("discord.com/api/webhooks/1234/SECRET", "discord.com/api/webhooks/[secret]"),
            ("discordapp.com/api/webhooks/1/SECRET", "discordapp.com/api/webhooks/[secret]"),
            (
                "ptb.discord.com/api/v10/webhooks/1/SECRET/slack",
                "ptb.discord.com/api/v10/webhooks/[secret]",
            ),
            (
                "acme.webhook.office.com/webhookb2/SE-CRET@1-2/IncomingWebhook/SECRET/3-4",
                "acme.webhook.office.com/webhookb2/[secret]",
            ),
            ("outlook.office.com/webhook/SECRET@1/x/y", "outlook.office.com/webhook/[secret]"),
            (
                "prod-1.westus.logic.azure.com:443/workflows/a/invoke?sv=1.0&sig=SECRET",
                "prod-1.westus.logic.azure.com:443/workflows/a/invoke?[signature]",
            ),
            (
                "chat.googleapis.com/v1/spaces/A/messages?key=SECRET&token=SECRET",
                "chat.googleapis.com/v1/spaces/[secret]",
            ),
            (
                "events.pagerduty.com/integration/SECRET/enqueue",
                "events.pagerduty.com/integration/[secret]",
            ),
            ("api.telegram.org/bot1:SECRET/sendMessage", "api.telegram.org/bot[secret]"),
        ],
    )
    def test_without_what_is_secret(self, url: str, expected: str) -> None:
        for template in ("https://{}", 'curl "https://{}" -d x', "<https://{}>", "https://{}\n"):
            text = hide_secrets(template.replace("{}", url))
            assert text == template.replace("{}", expected)
            assert hide_secrets(text) == text

    def test_within_another_url_and_within_json_text(self) -> None:
        url = "https://hooks.slack.com/services/T/B/SECRET"
        once = quote(url, safe="")
        for encoded in (once, quote(once, safe=""), url.replace("/", r"\/")):
            assert "SECRET" not in hide_secrets(f"to={encoded}")

    @pytest.mark.parametrize(
        "url",
        [
            "https://hooks.example.com/services/T/B/X",
            "https://slack.com/services/T/B/X",
            "https://discord.com/channels/1/2",
            "https://bot.example/webhooks/currents",
        ],
    )
    def test_others_stay(self, url: str) -> None:
        assert hide_secrets(url) == url


class TestPeople:
    """Each has a made-up name, where the service says that it is a name."""

    def renamed(self, json: Any) -> Any:
        return rename_people(json, People())

    @pytest.mark.parametrize(
        ("json", "expected"),
        [
            ({"authorName": "Ada"}, {"authorName": "Person 1"}),
            (
                {"commit": {"authorName": "Ada L", "sha": "a"}},
                {"commit": {"authorName": "Person 1", "sha": "a"}},
            ),
            ({"authors": ["Ada", "Bob", "Ada"]}, {"authors": ["Person 1", "Person 2", "Person 1"]}),
            (
                {"authors[]": ["Ada"], "tags[]": ["Ada"]},
                {"authors[]": ["Person 1"], "tags[]": ["Ada"]},
            ),
            (
                {"createdBy": {"type": "user", "id": "u1", "name": "Ada"}},
                {"createdBy": {"type": "user", "id": "u1", "name": "Person 1"}},
            ),
            (
                {"archivedBy": "Ada L", "cancelledBy": "Bob", "canceled_by": "Bob"},
                {"archivedBy": "Person 1", "cancelledBy": "Person 2", "canceled_by": "Person 2"},
            ),
            (
                {"pr": {"author": {"login": "ada", "name": "Ada"}}},
                {"pr": {"author": {"login": "Person 1", "name": "Person 2"}}},
            ),
            ({"term": "Ada", "type": "authorName"}, {"term": "Person 1", "type": "authorName"}),
            (
                {"testAnnotations": {"t1": [{"type": "owner", "description": "Ada"}]}},
                {"testAnnotations": {"t1": [{"type": "owner", "description": "Person 1"}]}},
            ),
            (
                {"ghaEventData": {"senderHtmlUrl": "https://github.com/ada", "headRef": "x"}},
                {"ghaEventData": {"senderHtmlUrl": "Person 1", "headRef": "x"}},
            ),
            ({"term": "Ada", "type": "branch"}, {"term": "Ada", "type": "branch"}),
            (
                {"type": "git_authorName", "op": "inc", "value": ["Ada", "Bob"]},
                {"type": "git_authorName", "op": "inc", "value": ["Person 1", "Person 2"]},
            ),
        ],
    )
    def test_by_field(self, json: Any, expected: Any) -> None:
        assert self.renamed(json) == expected
        assert self.renamed(expected) == expected

    @pytest.mark.parametrize(
        "json",
        [
            {"createdBy": "api:keyName", "authorEmail": "ada@corp.com", "authors": ["a@corp.com"]},
            {"orderBy": "title", "name": "Web shop", "title": "Ada", "groupBy": ["a"]},
            {"authorName": None, "author": 7, "authors": [], "authorName2": ""},
            {"authorName": "", "author": " "},
        ],
    )
    def test_left_alone(self, json: Any) -> None:
        assert self.renamed(json) == json

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("a\n\nCo-authored-by: Zoë Q <z@x.org>\n", "a\n\nCo-authored-by: Person 2 <z@x.org>\n"),
            ("Signed-off-by: bob", "Signed-off-by: Person 2"),
            ("by Ada Lovelace, (Ada Lovelace)", "by Person 1, (Person 1)"),
            ("Ada Lovelacement", "Ada Lovelacement"),
            ("powered-by: Ada", "powered-by: Ada"),
            ("Co-authored-by: <zoe@x.org>", "Co-authored-by: <zoe@x.org>"),
        ],
    )
    def test_in_texts(self, text: str, expected: str) -> None:
        people = People()
        people("Ada Lovelace")
        assert people.hide(text) == expected
        assert people.hide(expected) == expected

    @pytest.mark.parametrize(
        "text",
        [
            "Co-authored-by: " + " " * 20_000 + "@",
            "a.b-" * 50_000,
            "%25C3" * 40_000,
            "%25252B" * 30_000,
        ],
        ids=lambda text: text[:16],
    )
    def test_a_long_text_is_scanned_once(self, text: str) -> None:
        """Or else this takes hours."""
        assert change()(People().hide(text)) == text

    def test_a_longer_name_is_not_cut(self) -> None:
        people = People()
        for name in ("Ada L", "Ada L de B", "ada"):
            people(name)
        assert people.hide("Ada L de B, Ada L; ada") == "Person 2, Person 1; ada"

    @given(JSON)
    def test_the_structure_stays(self, json: Any) -> None:
        people = People()
        once = scrub(exchange(json), people.hide, people).response.json
        assert shape(once) == shape(json) or not no_names_collide(json)


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
        one = TapedExchange(
            request=TapedRequest(method="GET", path="/x"),
            response=TapedResponse(status=200, base64=body),
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

    @pytest.mark.parametrize(
        ("path", "data", "expected"),
        [
            (
                "/share",
                {"url": "https://s.example/ai/SECRET.md", "pageUrl": "https://s.example/ai/SECRET"},
                {"url": "https://s.example/[secret]", "pageUrl": "https://s.example/[secret]"},
            ),
            (
                "/instances/i/trace-link",
                {"url": "https://t.example:81/SECRET?x=SECRET", "testId": "t"},
                {"url": "https://t.example:81/[secret]", "testId": "t"},
            ),
            (
                "/sessions/s/attachments/a/trace-link",
                {"url": "SECRET", "expiresAt": None},
                {"url": "[secret]", "expiresAt": None},
            ),
            ("/projects", {"recordKey": "SECRET"}, {"recordKey": "[secret]"}),
            ("/projects", {"recordKey": None}, {"recordKey": None}),
            *(
                (
                    path,
                    [{"name": "n", "uploadUrl": "https://u.example/SECRET", "uploadHeaders": {}}],
                    [
                        {
                            "name": "n",
                            "uploadUrl": "https://u.example/[secret]",
                            "uploadHeaders": None,
                        }
                    ],
                )
                for path in (
                    "/runs/r/attachments",
                    "/runs/attachments",
                    "/sessions",
                    "/sessions/s/attachments",
                )
            ),
        ],
    )
    def test_links_and_record_keys(self, path: str, data: Any, expected: Any) -> None:
        one = scrub(exchange({"status": "OK", "data": data}, path), str)
        assert one.response.json == {"status": "OK", "data": expected}
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
