namespace Checkpointing.Storage.Sqlite;

internal sealed record StoredRecord(string ETag, byte[] State);
