using Orleans.Storage;

namespace Checkpointing.Storage.Sqlite;

/// <summary>What becomes of one write of a group if the group's transaction commits.</summary>
internal readonly record struct Verdict(string? NewETag, InconsistentStateException? Rejection)
{
    public static Verdict Accepted(string? newETag) => new(newETag, null);

    public static Verdict Rejected(InconsistentStateException rejection) => new(null, rejection);
}
