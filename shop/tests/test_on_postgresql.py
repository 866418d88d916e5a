"""The suite runs on SQLite and local memory; here it runs again on PostgreSQL and Redis.

`python -m shop.tests.servers pytest ...` does the same for some of the tests.
"""

import pytest

from shop.tests.processes import succeed
from shop.tests.servers import Postgres

BAD_INPUT = "shop/tests/test_bad_input.py"


@pytest.mark.suite
@pytest.mark.postgres
@pytest.mark.redis
@pytest.mark.timeout(3600)  # seconds; it is a whole suite
def test_the_suite_passes_on_postgresql_and_redis(
    postgres_server: Postgres,
    redis_url: str,
    capfd: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    """Skips nothing and runs something: under CI=true either is a failure.

    Bad input at every address takes two minutes there: it is left to the nightly run.
    """
    profile = request.config.getoption("--hypothesis-profile")
    more = [f"--hypothesis-profile={profile}"] if profile else ["--ignore", BAD_INPUT]
    output = succeed(
        *(
            "-m",
            "pytest",
            "--color=no",
            "-n0",
            "--dist=no",
            "-m",
            "not alone and not browser and not postgres",
            *more,
        ),
        CI="true",
        DATABASE_URL=postgres_server.new_database(),
        REDIS_URL=redis_url,
        TEST_DATABASE_URL=postgres_server.url,
        TEST_REDIS_URL=redis_url,
    )
    with capfd.disabled():
        print(f"\nOn PostgreSQL and Redis: {output.splitlines()[-1].strip('= ')}")  # noqa: T201
