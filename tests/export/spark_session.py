"""A Spark of its own, on this machine."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


@contextmanager
def session_in(directory: Path, *, master: str = "local[2]", **environment: str) -> Generator[Any]:
    """Run Spark with its files in a directory; hand out the session."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 - an engine

    with pytest.MonkeyPatch.context() as patch:
        # What the JVM has in its environment, its Python workers have.
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        builder = SparkSession.builder
        for name, value in environment.items():
            builder = builder.config(f"spark.executorEnv.{name}", value)
        session = (
            builder
            .master(master)
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "1")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.warehouse.dir", str(directory / "warehouse"))
            .config("spark.driver.extraJavaOptions", f"-Dderby.system.home={directory}")
            .getOrCreate()
        )
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()
