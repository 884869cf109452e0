"""Until when signed URLs are valid, read from URLs that others have made."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from currents_async.models import Attachment, Instance, InstanceReport, Screenshot, Trace, Video
from currents_async.models._signed import read_expiry
from currents_async.models.runs import SpecReport

SAMPLES = Path(__file__).parent.parent / "samples"
WHEN = datetime(2026, 11, 27, 9, 31, 7, tzinfo=UTC)

# Made by botocore 1.43.117 on 2026-11-24T09:31:07Z for 259,200 seconds, in both signature versions.
S3_V4 = (
    "https://artifacts.s3.amazonaws.com/org/trace%201.zip?response-content-disposition=attachment"
    "&X-Amz-Algorithm=AWS4-HMAC-SHA256"
    "&X-Amz-Credential=AKIDEXAMPLE%2F20261124%2Fus-east-1%2Fs3%2Faws4_request"
    "&X-Amz-Date=20261124T093107Z&X-Amz-Expires=259200&X-Amz-SignedHeaders=host"
    "&X-Amz-Signature=1e0263aa50fdccf2284f770916532f334db62073e8cc09ce88eeb2600dabf5dd"
)
S3_V2 = (
    "https://artifacts.s3.amazonaws.com/org/trace%201.zip?response-content-disposition=attachment"
    "&AWSAccessKeyId=AKIDEXAMPLE&Signature=qgvhIxokxS5W7dBjIKnE6H2KJkY%3D&Expires=1795771867"
)
# By the CloudFrontSigner of the same.
CLOUDFRONT = (
    "https://d604721fxaaqy9.cloudfront.net/a.png?color=red"
    "&Expires=1795771867&Signature=c2lnbmF0dXJl&Key-Pair-Id=KEYPAIRID"
)
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/
# private-content-creating-signed-url-canned-policy.html
CLOUDFRONT_GUIDE = (
    "https://d111111abcdef8.cloudfront.net/image.jpg?color=red&size=medium&Expires=1357034400"
    "&Signature=nitfHRCrtziwO2HwPfWw~yYDhUF5EwRunQA-j19DzZrvDh6hQ73lDx~-ar3UocvvRQVw6EkC~GdpGQyyOSKQ"
    "im-TxAnW7d8F5Kkai9HVx0FIu-5jcQb0UEmatEXAMPLE3ReXySpLSMj0yCd3ZAB4UcBCAqEijkytL6f3fVYNGQI6"
    "&Key-Pair-Id=K2JCJMDEHXQW5F"
)
# "Simple GET" of https://github.com/googleapis/conformance-tests, storage/v1/v4_signatures.json,
# which google-cloud-storage is tested with.
GOOGLE = (
    "https://storage.googleapis.com/test-bucket/test-object?X-Goog-Algorithm=GOOG4-RSA-SHA256"
    "&X-Goog-Credential=test-iam-credentials%40dummy-project-id.iam.gserviceaccount.com"
    "%2F20190201%2Fauto%2Fstorage%2Fgoog4_request&X-Goog-Date=20190201T090000Z&X-Goog-Expires=10"
    "&X-Goog-SignedHeaders=host&X-Goog-Signature=95e6a13d43a1d1962e667f17397f2b80ac9bdd1669210d5e08"
)
# https://github.com/GoogleCloudPlatform/gsutil, gslib/tests/signurl_signatures.py.
GSUTIL = (
    "https://storage.googleapis.com/test/test.txt?x-goog-signature=8c4d7226d8db1c939381d421c422c872"
    "&x-goog-algorithm=GOOG4-RSA-SHA256&x-goog-credential=test%40developer.gserviceaccount.com"
    "%2F19000101%2Fus-east%2Fstorage%2Fgoog4_request&x-goog-date=19000101T000555Z"
    "&x-goog-expires=3600&x-goog-signedheaders=host%3Bx-goog-resumable"
)


@pytest.mark.parametrize(
    ("url", "expiry"),
    [
        (S3_V4, WHEN),
        (S3_V2, WHEN),
        (CLOUDFRONT, WHEN),
        (CLOUDFRONT_GUIDE, datetime(2013, 1, 1, 10, tzinfo=UTC)),
        (GOOGLE, datetime(2019, 2, 1, 9, 0, 10, tzinfo=UTC)),
        (GSUTIL, datetime(1900, 1, 1, 1, 5, 55, tzinfo=UTC)),
        (f"{S3_V4}#fragment", WHEN),
    ],
)
def test_urls_that_others_made(url: str, expiry: datetime) -> None:
    assert read_expiry(url) == expiry


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "https://host.example/a",
        "https://host.example/a?Expires=",
        "https://host.example/a#?Expires=1795771867",
        CLOUDFRONT.replace("1795771867", "-1"),
        CLOUDFRONT.replace("1795771867", "٣"),
        CLOUDFRONT.replace("1795771867", "999999999999"),
        CLOUDFRONT.replace("1795771867", "9" * 5000),
        CLOUDFRONT.replace("1795771867", "Fri, 27 Nov 2026 09:31:07 GMT"),
        S3_V4.replace("20261124T093107Z", "20261324T093107Z"),
        S3_V4.replace("20261124T093107Z", "2026-11-24T09:31:07Z"),
        S3_V4.replace("X-Amz-Date", "X-Other"),
        S3_V4.replace("X-Amz-Expires", "X-Other") + "&Expires=1795771867",
        S3_V4.replace("259200", "3 days"),
        S3_V4.replace("259200", "999999999999"),
        "https://[?X-Goog-Date=%ff&X-Goog-Expires=%00",
    ],
)
def test_an_expiry_that_makes_no_sense_is_none(url: str | None) -> None:
    assert read_expiry(url) is None


def test_models_that_have_signed_urls() -> None:
    assert {
        Screenshot(screenshot_url=S3_V4).expires_at,
        Video(video_url=S3_V4).expires_at,
        Trace(trace_url=S3_V4).expires_at,
        Attachment(read_url=S3_V4).expires_at,
        InstanceReport(video_url=S3_V4).video_expires_at,
        SpecReport(video_url=S3_V4).video_expires_at,
    } == {WHEN}
    assert Screenshot().expires_at is None


def test_a_response_of_2026() -> None:
    text = (SAMPLES / "instance-playwright-schema-2.json").read_bytes()
    results = msgspec.json.decode(text, type=dict[str, Instance | str])["data"]
    assert isinstance(results, Instance)
    assert results.results is not None
    found = {one.expires_at for one in results.results.screenshots}
    assert found == {WHEN}
