namespace Checkpointing.Cluster.Tests.Rounds;

/// <summary>
/// What a grain of the bank remembers: its share of the money, which transfers it saw, and exactly which messages it sent and received. The
/// judge reads it in stored checkpoints, so what it finds rests on nothing that the library has counted.
/// </summary>
[GenerateSerializer]
public sealed class BankState
{
    /// <summary>In cents; may be negative. All balances together are always 0.</summary>
    [Id(0)]
    public long Balance { get; set; }

    /// <summary>Transfers that took money from here.</summary>
    [Id(1)]
    public TransferSet Debits { get; set; }

    /// <summary>Transfers that brought money here.</summary>
    [Id(2)]
    public TransferSet Credits { get; set; }

    /// <summary>Transfers that are entered in this ledger.</summary>
    [Id(3)]
    public TransferSet Entries { get; set; }

    /// <summary>Number of the last message sent to each peer; requests and answers alike.</summary>
    [Id(4)]
    public Dictionary<string, long> Sent { get; set; } = [];

    /// <summary>Largest number received from each peer.</summary>
    [Id(5)]
    public Dictionary<string, long> Received { get; set; } = [];
}

/// <summary>
/// A set of transfer ids that only grows, as its size and the sum of its ids' hashes: two of them are equal if and only if the sets are, up to one
/// chance in 2^64, however many transfers a load makes.
/// </summary>
[GenerateSerializer]
public readonly record struct TransferSet([property: Id(0)] long Count, [property: Id(1)] ulong Sum)
{
    public TransferSet With(long id) => new(Count + 1, unchecked(Sum + Hash((ulong)id)));

    public TransferSet With(TransferSet other) => new(Count + other.Count, unchecked(Sum + other.Sum));

    // SplitMix64: ids that differ in one bit differ in half of the hash.
    private static ulong Hash(ulong id)
    {
        unchecked
        {
            id += 0x9E3779B97F4A7C15;
            id = (id ^ (id >> 30)) * 0xBF58476D1CE4E5B9;
            id = (id ^ (id >> 27)) * 0x94D049BB133111EB;
            return id ^ (id >> 31);
        }
    }
}

/// <summary>One message of the application: who sent it, and which of its messages to this receiver it is.</summary>
[GenerateSerializer]
public readonly record struct Note([property: Id(0)] string From, [property: Id(1)] long Number);
