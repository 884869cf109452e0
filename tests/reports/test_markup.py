from currents_async.reports._markup import Markup, foreign, foreign_block, markup, tag


def test_text_is_escaped_and_markup_is_not() -> None:
    assert tag("p", "a < b & c", tag("b", "d")) == "<p>a &lt; b &amp; c<b>d</b></p>"
    assert markup("<", None, [tag("br"), ["<"]]) == "&lt;<br>&lt;"


def test_attributes() -> None:
    found = tag("rect", x=1.0, stroke_width=0.333, class_='a"b', open=True, hidden=False, id=None)
    assert found == '<rect x="1" stroke-width="0.33" class="a&quot;b" open></rect>'


def test_text_of_others_is_text() -> None:
    hostile = "</script><img src=x onerror=x(1)>\x1b[31mred\x1b[0m \u202egnp.exe\n\ud800"
    shown = foreign(hostile)
    assert shown == (
        "<bdi>&lt;/script&gt;&lt;img src=x onerror=x(1)&gt;red \\u202egnp.exe \\ud800</bdi>"
    )
    assert isinstance(shown, Markup)


def test_long_lines_are_cut_and_say_so() -> None:
    shown = foreign_block("x" * 1_000_000)
    assert len(shown) < 5_000
    assert "1,000,000 characters" in shown
    assert max(map(len, shown.split("<wbr>")[1:-1])) == 40


def test_long_words_may_go_on_in_the_next_line() -> None:
    name = "-".join(["x" * 16] * 3)
    assert foreign(name) == f"<bdi>{name}</bdi>"
    assert foreign("tests/checkout/cart.ts") == "<bdi>tests/checkout/<wbr>cart.<wbr>ts</bdi>"
    assert foreign("x" * 17) == f"<bdi>{'x' * 16}<wbr>x</bdi>"
    assert foreign("checkout_page.spec.ts") == "<bdi>checkout_page.<wbr>spec.<wbr>ts</bdi>"
