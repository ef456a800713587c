
namespace Checkpointing.Storage.Sqlite;

/// <summary>The SQLite grain storage could not do what was asked; the message says what still holds and what to do.</summary>
/// <remarks>ETag conflicts are not faults of the storage: they throw <see cref="Orleans.Storage.InconsistentStateException"/>.</remarks>
[GenerateSerializer]
[Alias("checkpointing.sqlite-grain-storage-exception.v1")]
public sealed class SqliteGrainStorageException : OrleansException
{
    /// <summary>Creates an exception without data, for serializers.</summary>
    public SqliteGrainStorageException()
    {
    }

    /// <summary>Creates an exception with a message only.</summary>
    /// <param name="message">What failed, what still holds, what to do.</param>
    public SqliteGrainStorageException(string message)
        : base(message)
    {
    }

    /// <summary>Creates an exception with a message and its cause.</summary>
    /// <param name="message">What failed, what still holds, what to do.</param>
    /// <param name="innerException">The cause.</param>
    public SqliteGrainStorageException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    internal SqliteGrainStorageException(SqliteStorageFailure failure, string dataSource, string message, Exception? cause = null)
        : base(message, cause!)
    {
        Failure = failure;
        DataSource = dataSource;
    }

    /// <summary>The kind of fault.</summary>
    [Id(0)]
    public SqliteStorageFailure Failure { get; private set; }

    /// <summary>The full path of the database file.</summary>
    [Id(1)]
    public string DataSource { get; private set; } = "";

    /// <summary>The name of the state that was read or written; <see langword="null"/> when the fault is not about one record.</summary>
    [Id(2)]
    public string? StateName { get; internal init; }

    /// <summary>The grain whose record was read or written; the default value when the fault is not about one record.</summary>
    [Id(3)]
    public GrainId GrainId { get; internal init; }

    /// <summary>
    /// Whether the failed write may turn out to be durable. False: it failed before its COMMIT, the record is as it was.
    /// True: the COMMIT itself failed, the write may or may not be durable; read before retrying.
    /// </summary>
    [Id(4)]
    public bool WriteMayBeDurable { get; internal init; }

    /// <summary>SQLite's extended result code; <see langword="null"/> when SQLite did not report the fault.</summary>
    [Id(5)]
    public int? SqliteExtendedErrorCode { get; internal init; }
}
