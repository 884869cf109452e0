"""`cache`: what commands keep on the disk."""

from cyclopts import App

from currents_async.cli._streams import note, write_text

app = App(name="cache")


@app.command
async def path() -> None:
    """Print the folder of all that is kept, which need not exist.

    currents-async cache path

    """
    from currents_async.cli._profiles import cache_path  # noqa: PLC0415 - --help does without it

    write_text(str(cache_path()))


@app.command
async def clear() -> None:
    """Delete what --cache has kept, of all profiles, and that of api.

    currents-async cache clear

    """
    # Here, since --help does without them.
    import asyncio  # noqa: PLC0415
    import shutil  # noqa: PLC0415

    from rich.filesize import decimal  # noqa: PLC0415

    from currents_async import Cache  # noqa: PLC0415
    from currents_async.cli._profiles import cache_path  # noqa: PLC0415

    folder = cache_path()

    def size() -> int:
        return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())

    before = await asyncio.to_thread(size)
    if await asyncio.to_thread((folder / "runs").exists):
        await Cache(folder / "runs").clear()  # others may be using it
    await asyncio.to_thread(shutil.rmtree, folder / "api", ignore_errors=True)
    freed = before - await asyncio.to_thread(size)
    note(f"{decimal(max(0, freed))} freed in {folder}")
