"""Ids of the server: each is made once, whoever asks."""

import os
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from airbyte_agent_server.ports import RandomIds


def test_ids_are_random_uuids_and_no_two_the_same() -> None:
    ids = RandomIds()
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda _: ids.new_id(), range(4000)))
    assert len(set(made)) == 4000
    for text in made[:300]:
        known = uuid.UUID(text)
        assert (str(known), known.version, known.variant) == (text, 4, uuid.RFC_4122)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not copy processes")
def test_a_copy_of_the_process_makes_other_ids() -> None:
    ids = RandomIds()
    ids.new_id()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, ids.new_id().encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 36).decode() != ids.new_id()
