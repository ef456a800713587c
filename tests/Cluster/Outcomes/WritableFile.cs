using Microsoft.Data.Sqlite;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>
/// A database file that can be made read-only while it is in use, even for a privileged user: SQLite writes to no file whose header says that it was
/// written by a later version of the format (https://www.sqlite.org/fileformat2.html, "File format version numbers").
/// </summary>
internal sealed class WritableFile(string path) : IDisposable
{
    private const int WriteVersionOffset = 18;
    private const byte WriteAheadLog = 2;
    private const byte LaterVersion = 3;

    // Must not be closed before the silos are gone: closing any descriptor of a file drops all locks that the process holds on it.
    private FileStream? _file;

    public void MakeReadOnly()
    {
        // A header in the log would hide the one in the file.
        using (var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString()))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA wal_checkpoint(TRUNCATE)";
            using var row = command.ExecuteReader();
            Assert.True(row.Read());
            Assert.Equal(0, row.GetInt32(0));
        }

        SetWriteVersion(LaterVersion);
    }

    public void MakeWritable() => SetWriteVersion(WriteAheadLog);

    public void Dispose() => _file?.Dispose();

    private void SetWriteVersion(byte version)
    {
        _file ??= new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        _file.Position = WriteVersionOffset;
        _file.WriteByte(version);
        _file.Flush(flushToDisk: true);
    }
}
