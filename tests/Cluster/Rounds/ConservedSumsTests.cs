namespace Checkpointing.Cluster.Tests.Rounds;

/// <summary>
/// G1 and G3 under load, at every single decision: no orphan, no money lost or made, every transfer there as a whole or not at all. Short by default;
/// CHECKPOINTING_SOAK=1 makes it long, CHECKPOINTING_SEED repeats a run's choices.
/// </summary>
[Collection(nameof(UnderLoad))]
public sealed class ConservedSumsTests(ITestOutputHelper output)
{
    private const int Accounts = 24;

    private static int Rounds => Soak.Choose(340, 2_000);

    private static long _lastTransfer;

    [Theory]
    [InlineData("through a checkpointed transfer grain", 16)]
    [InlineData("from account to account", 64)]
    [InlineData("chain of three", 32)]
    public async Task Sums_are_conserved_at_every_decision(string shape, int callers)
    {
        await using var cluster = await RoundsCluster.Start();
        cluster.Judge.Invariant = Bank.Conserved(withEntries: shape != "from account to account");
        var load = Load.Start(callers, Soak.Seed, random => Transfer(cluster, shape, random));
        var rounds = new List<CheckpointResult>();
        var committed = 0;
        for (var i = 0; i < Rounds * 2 && committed < Rounds; i++)
        {
            var result = await cluster.Checkpoint(i % 2 == 0 ? null : cluster.Account(i % Accounts).GetGrainId());
            committed += result.Status == CheckpointStatus.Committed ? 1 : 0;
            rounds.Add(result);
        }

        await load.Stop();
        output.WriteLine($"{shape}: {load.Calls} transfers, {rounds.Describe()}");
        cluster.Judge.AssertNoViolation();
        cluster.AssertAtRest();
        Assert.Equal(Rounds, committed);
        Assert.Equal(0, BankWatch.Overlaps);
    }

    private static Task Transfer(RoundsCluster cluster, string shape, Random random)
    {
        var id = Interlocked.Increment(ref _lastTransfer);
        var (from, to) = Bank.TwoOf(Accounts, random);
        return shape switch
        {
            "from account to account" => cluster.Account(from).Transfer(id, RoundsCluster.Key(to), random.Next(100)),
            "chain of three" => cluster.Account(from).TransferAndEnter(id, RoundsCluster.Key(to), $"ledger-{random.Next(3)}", random.Next(100)),
            _ => cluster.Client.GetGrain<IAccountGrain>($"teller-{random.Next(6)}").TransferBetween(id, RoundsCluster.Key(from), RoundsCluster.Key(to), random.Next(100)),
        };
    }
}

internal static class Bank
{
    /// <summary>
    /// No cent is lost or made, and every transfer has been debited and credited, and entered if there is a ledger, or nothing of it has happened. To
    /// avoid that chains wait for each other in a circle, money only goes from lower to higher accounts: balances may be negative.
    /// </summary>
    public static (int From, int To) TwoOf(int accounts, Random random)
    {
        var from = random.Next(accounts - 1);
        return (from, random.Next(from + 1, accounts));
    }

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
