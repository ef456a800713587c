using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Checkpointing.Storage.Sqlite;

/// <summary>Words the faults: what failed, what still holds, what to do.</summary>
internal static class StorageFault
{
    public static SqliteGrainStorageException WhileOpening(string path, SqliteException fault)
    {
        var failure = Classify(fault);
        return new(failure, path, $"SQLite grain storage could not open '{path}': {Describe(failure, fault)} The file was left as it is. {Advise(failure)}", fault)
        {
            SqliteExtendedErrorCode = fault.SqliteExtendedErrorCode,
        };
    }

    public static SqliteGrainStorageException WhileReading(string path, RecordKey key, SqliteException fault)
    {
        var failure = Classify(fault);
        return new(failure, path, $"SQLite grain storage could not read {key} from '{path}': {Describe(failure, fault)} Nothing was changed. {Advise(failure)}", fault)
        {
            StateName = key.StateName,
            GrainId = key.GrainId,
            SqliteExtendedErrorCode = fault.SqliteExtendedErrorCode,
        };
    }

    public static SqliteGrainStorageException WhileWriting(string path, RecordKey key, SqliteException fault, bool committing)
    {
        var failure = Classify(fault);
        return new(failure, path, $"SQLite grain storage could not write {key} to '{path}': {Describe(failure, fault)} {WhatHolds(committing)} {Advise(failure)}", fault)
        {
            StateName = key.StateName,
            GrainId = key.GrainId,
            WriteMayBeDurable = committing,
            SqliteExtendedErrorCode = fault.SqliteExtendedErrorCode,
        };
    }

    public static SqliteGrainStorageException WriterFault(string path, RecordKey key, Exception fault, bool committing) =>
        new(SqliteStorageFailure.InputOutput, path,
            $"SQLite grain storage could not write {key} to '{path}': an unexpected fault. {WhatHolds(committing)} See the inner exception.",
            fault)
        {
            StateName = key.StateName,
            GrainId = key.GrainId,
            WriteMayBeDurable = committing,
        };

    public static SqliteGrainStorageException WhileReopening(string path, RecordKey key, SqliteGrainStorageException fault) =>
        new(fault.Failure, path,
            $"SQLite grain storage could not write {key}: after an earlier fault it had to open the file again. {WhatHolds(committing: false)} {fault.Message}",
            fault)
        {
            StateName = key.StateName,
            GrainId = key.GrainId,
            SqliteExtendedErrorCode = fault.SqliteExtendedErrorCode,
        };

    public static SqliteGrainStorageException Closed(string path, RecordKey? key) =>
        new(SqliteStorageFailure.Closed, path,
            $"SQLite grain storage did not start on {key?.ToString() ?? "any record"}: '{path}' is closed because its silo has stopped. Nothing was written: the record is as it was. Retry on another silo.")
        {
            StateName = key?.StateName,
            GrainId = key?.GrainId ?? default,
        };

    public static SqliteGrainStorageException RecordTooLarge(string path, RecordKey key, long size, long limit) =>
        new(SqliteStorageFailure.RecordTooLarge, path,
            $"SQLite grain storage cannot write {key} to '{path}': its state takes {size:N0} bytes and a record holds {limit:N0} at most. Nothing was written: the record is as it was. Split the state over several grains.")
        {
            StateName = key.StateName,
            GrainId = key.GrainId,
        };

    public static SqliteGrainStorageException UnreadableRecord(string path, RecordKey key, Type type, Exception fault) =>
        new(SqliteStorageFailure.UnreadableRecord, path,
            $"SQLite grain storage read {key} from '{path}', but its serializer could not turn it into {type}. The record was left as it is. Check the serializer of the provider and the aliases of the type.",
            fault)
        {
            StateName = key.StateName,
            GrainId = key.GrainId,
        };

    public static SqliteGrainStorageException ForeignDatabase(string path) =>
        new(SqliteStorageFailure.ForeignDatabase, path,
            $"SQLite grain storage did not open '{path}': it is an SQLite database of another application. The file was left as it is. Give the provider a file of its own.");

    public static SqliteGrainStorageException NewerSchema(string path, long found, int known) =>
        new(SqliteStorageFailure.NewerSchema, path,
            $"SQLite grain storage did not open '{path}': its schema has version {found}, and this package knows versions up to {known}. The file was left as it is. Update the package Checkpointing.Storage.Sqlite, or give the provider another file.");

    public static SqliteGrainStorageException NotWritable(string path) =>
        new(SqliteStorageFailure.NotWritable, path,
            $"SQLite grain storage could not open '{path}': the file is read-only. The file was left as it is. {Advise(SqliteStorageFailure.NotWritable)}");

    public static SqliteGrainStorageException DirectoryNotCreated(string path, string directory, Exception fault) =>
        new(SqliteStorageFailure.NotWritable, path,
            $"SQLite grain storage could not open '{path}': its directory '{directory}' does not exist and could not be created. {Advise(SqliteStorageFailure.NotWritable)}",
            fault);

    public static SqliteGrainStorageException NoWriteAheadLog(string path) =>
        new(SqliteStorageFailure.InputOutput, path,
            $"SQLite grain storage could not open '{path}': its file system does not allow write-ahead logging. Nothing was stored. Put the file on a local file system.");

    private static string WhatHolds(bool committing) => committing
        ? "The commit itself failed: the write may or may not be durable. Read the record before retrying."
        : "Nothing was written: the record is as it was.";

    private static SqliteStorageFailure Classify(SqliteException fault) => fault.SqliteErrorCode switch
    {
        raw.SQLITE_NOTADB => SqliteStorageFailure.NotADatabase,
        raw.SQLITE_CORRUPT => SqliteStorageFailure.Corrupt,
        raw.SQLITE_ERROR when IsMissingSchema(fault) => SqliteStorageFailure.Corrupt,
        raw.SQLITE_FULL => SqliteStorageFailure.DiskFull,
        raw.SQLITE_READONLY or raw.SQLITE_CANTOPEN or raw.SQLITE_PERM or raw.SQLITE_AUTH => SqliteStorageFailure.NotWritable,
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => SqliteStorageFailure.Locked,
        raw.SQLITE_TOOBIG => SqliteStorageFailure.RecordTooLarge,
        _ => SqliteStorageFailure.InputOutput,
    };

    private static bool IsMissingSchema(SqliteException fault) =>
        fault.Message.Contains("no such table", StringComparison.Ordinal) || fault.Message.Contains("no such column", StringComparison.Ordinal);

    private static string Describe(SqliteStorageFailure failure, SqliteException fault) => failure switch
    {
        SqliteStorageFailure.NotADatabase => "it is not an SQLite database, or its header is destroyed.",
        SqliteStorageFailure.Corrupt => "the database is damaged.",
        SqliteStorageFailure.DiskFull => "the disk is full, or the file has reached MaximumFileSize.",
        SqliteStorageFailure.NotWritable => "the file or its directory cannot be opened for writing.",
        SqliteStorageFailure.Locked => "another connection or process held its lock for longer than BusyTimeout.",
        _ => $"SQLite reported error {fault.SqliteExtendedErrorCode}.",
    };

    private static string Advise(SqliteStorageFailure failure) => failure switch
    {
        SqliteStorageFailure.NotADatabase => "Name another file, or restore this one from a backup.",
        SqliteStorageFailure.Corrupt => "Stop the silo, keep a copy of the file with its -wal file, and restore a backup or salvage it with SQLite's .recover.",
        SqliteStorageFailure.DiskFull => "Reads go on. Free space on the disk; or, if the file has reached MaximumFileSize, clear records or raise it. Then retry.",
        SqliteStorageFailure.NotWritable => "Let the silo's user create and write files in that directory.",
        SqliteStorageFailure.Locked => "Retry, end the program that holds the lock, or raise BusyTimeout.",
        _ => "See the inner exception; check the disk.",
    };
}
