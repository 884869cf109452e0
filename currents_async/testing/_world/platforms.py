"""The groups that runs consist of: browsers, mostly."""

from itertools import cycle, islice

from currents_async.testing._world.facts import Framework, Wire

_BROWSERS = ("chromium", "firefox", "webkit", "Mobile Chrome", "Mobile Safari")
_ENGINES = {"Mobile Chrome": "chromium", "Mobile Safari": "webkit"}


def make_groups(framework: Framework, ci_build_id: str, count: int) -> list[Wire]:
    """Name some groups, and say what they run on."""
    if framework == "cypress":
        return [
            {
                "groupId": ci_build_id if number == 1 else f"{ci_build_id}-{number}",
                "platform": {
                    "osName": "linux",
                    "osVersion": "Debian - 10.11",
                    "browserName": "Chrome",
                    "browserVersion": "97.0.4692.71",
                },
            }
            for number in range(1, count + 1)
        ]
    return [
        {
            "groupId": browser if number < len(_BROWSERS) else f"{browser} {number}",
            "platform": {
                "osName": "linux",
                "osVersion": "Ubuntu - 22.04",
                "browserName": _ENGINES.get(browser, browser),
                "browserVersion": "",
            },
        }
        for number, browser in enumerate(islice(cycle(_BROWSERS), count))
    ]
