import pytest

from currents_async.testing import FakeCurrents


@pytest.fixture
def service(server: FakeCurrents, monkeypatch: pytest.MonkeyPatch) -> FakeCurrents:
    """The service that programs find in their environment."""
    monkeypatch.setenv("CURRENTS_API_KEY", server.api_key)
    monkeypatch.setenv("CURRENTS_API_URL", server.url)
    return server
