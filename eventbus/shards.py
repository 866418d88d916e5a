"""Keys are spread over shards, and a subscriber's cursors divide the shards among them."""

from zlib import crc32

SHARDS = 256


def shard_of(key: str) -> int:
    """The shard of a key, 0 to 255. Computed here, because databases hash differently."""
    return crc32(key.encode()) % SHARDS
