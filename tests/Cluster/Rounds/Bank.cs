namespace Checkpointing.Cluster.Tests.Rounds;

/// <summary>The rules of the bank.</summary>
internal static class Bank
{
    private static long _lastTransfer;

    public static long NextTransfer() => Interlocked.Increment(ref _lastTransfer);

    /// <summary>Money only goes from lower to higher accounts, so that chains never wait for each other in a circle; balances may be negative.</summary>
    public static (int From, int To) TwoOf(int accounts, Random random)
    {
        var from = random.Next(accounts - 1);
        return (from, random.Next(from + 1, accounts));
    }

    /// <summary>No cent is lost or made, and every transfer was debited and credited, and entered if there is a ledger, or nothing of it has happened.</summary>
    public static Func<IReadOnlyCollection<BankState>, string?> Conserved(bool withEntries) => states =>
    {
        var sum = states.Sum(state => state.Balance);
        var debits = Union(states, state => state.Debits);
        var credits = Union(states, state => state.Credits);
        var entries = Union(states, state => state.Entries);
        return sum != 0 ? $"all balances together are {sum}"
            : debits != credits ? $"debits {debits} are not credits {credits}"
            : withEntries && entries != debits ? $"entries {entries} are not debits {debits}"
            : null;
    };

    private static TransferSet Union(IEnumerable<BankState> states, Func<BankState, TransferSet> part) =>
        states.Aggregate(default(TransferSet), (all, state) => all.With(part(state)));
}
