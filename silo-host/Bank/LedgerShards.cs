namespace Checkpointing.SiloHost.Bank;

/// <summary>Which ledger a transfer belongs to. Must be the same in every process and for ever: a repeated id has to meet its earlier answer.</summary>
internal static class LedgerShards
{
    public const int Count = 16;

    /// <summary>FNV-1a over the characters of the id.</summary>
    public static int Of(string transferId)
    {
        var hash = 2166136261u;
        foreach (var character in transferId)
            hash = (hash ^ character) * 16777619u;

        return (int)(hash % Count);
    }
}
