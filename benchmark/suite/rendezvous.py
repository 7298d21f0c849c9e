"""How the processes of one training find each other: through a store that whoever starts them keeps open."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

HOST = '127.0.0.1'
_OF_A_LAUNCHER = ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'LOCAL_WORLD_SIZE', 'GROUP_RANK', 'GROUP_WORLD_SIZE')
_PREFIXES = ('MASTER_', 'ROLE_', 'TORCHELASTIC_')
_LOOPBACK = ('lo', 'lo0')


def without_launcher(environment: Mapping[str, str]) -> dict[str, str]:
    """Environment variables without those by which PyTorch's launcher tells processes about each other.

    Whoever starts a training is not one of its processes, even if a launcher started it.
    """
    return {
        name: value
        for name, value in environment.items()
        if name not in _OF_A_LAUNCHER and not name.startswith(_PREFIXES)
    }


@contextmanager
def rendezvous(processes: int) -> Iterator[list[dict[str, str]]]:
    """Environment variables by which processes that are to share a training meet, valid while the context is open.

    They come on top of an environment :func:`without_launcher`. The store is bound here and now, as PyTorch's own
    launcher does it, so that nobody else can take its port. All connections are within this machine, and need no name
    of it.

    Args:
        processes: how many there will be; a single one is told nothing.

    Yields:
        The variables of each process.

    Raises:
        torch.distributed.DistNetworkError: no port can be bound.
    """
    if processes == 1:
        yield [{}]
        return
    from torch.distributed import TCPStore  # takes a second, and a training by one process needs none

    store = TCPStore(HOST, 0, is_master=True, wait_for_workers=False)
    common = {
        'MASTER_ADDR': HOST,
        'MASTER_PORT': str(store.port),
        'TORCHELASTIC_USE_AGENT_STORE': 'True',
        'WORLD_SIZE': str(processes),
        'LOCAL_WORLD_SIZE': str(processes),
    }
    loopback = next((name for _, name in socket.if_nameindex() if name in _LOOPBACK), None)
    if loopback:
        common['GLOO_SOCKET_IFNAME'] = loopback
    yield [common | {'RANK': str(rank), 'LOCAL_RANK': str(rank)} for rank in range(processes)]
