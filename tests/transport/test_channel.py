import pytest
from yarl import URL

from currents_async import Currents


@pytest.mark.parametrize("base", ["http://127.0.0.1:8080/v1", "https://h:8443/x/y/v1"])
@pytest.mark.parametrize(
    "target", ["/runs/a", "/runs/..", "/a:b/%2F..%2F%C3%A4", "/runs/a%23b%3F", "/find?a=b%20c&d="]
)
def test_a_url_is_what_yarl_reads_from_its_text(base: str, target: str) -> None:
    url = Currents("key", base_url=base)._channel.url(target)
    whole = URL(base + target, encoded=True)
    assert (url, str(url), url.raw_path_qs) == (whole, base + target, whole.raw_path_qs)
    assert (url.host, url.port, url.origin()) == (whole.host, whole.port, whole.origin())
