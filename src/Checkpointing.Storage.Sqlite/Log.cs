using Microsoft.Extensions.Logging;

namespace Checkpointing.Storage.Sqlite;

internal static partial class Log
{
    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Opened SQLite grain storage {DataSource}")]
    public static partial void Opened(ILogger logger, string dataSource);

    [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "Closed SQLite grain storage {DataSource} after {Transactions} transactions with {Writes} writes")]
    public static partial void Closed(ILogger logger, string dataSource, long transactions, long writes);

    [LoggerMessage(EventId = 3, Level = LogLevel.Error, Message = "SQLite grain storage {DataSource} failed {Writes} writes of one transaction")]
    public static partial void GroupFailed(ILogger logger, string dataSource, int writes, Exception fault);

    [LoggerMessage(EventId = 4, Level = LogLevel.Warning, Message = "SQLite grain storage {DataSource} ran out of space in a transaction of {Writes} writes and retried them one by one")]
    public static partial void GroupSplit(ILogger logger, string dataSource, int writes);

    [LoggerMessage(EventId = 5, Level = LogLevel.Warning, Message = "SQLite grain storage {DataSource} refused {Writes} waiting writes because it was closed")]
    public static partial void WritesRefused(ILogger logger, string dataSource, int writes);

    [LoggerMessage(EventId = 6, Level = LogLevel.Warning, Message = "SQLite grain storage {DataSource} could not close a connection cleanly")]
    public static partial void ConnectionNotClosed(ILogger logger, string dataSource, Exception fault);
}
