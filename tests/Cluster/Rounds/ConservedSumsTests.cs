namespace Checkpointing.Cluster.Tests.Rounds;

/// <summary>
/// G1 and G3 under load, at every single decision: no orphan, no money lost or made, every transfer there as a whole or not at all. Short by default;
/// CHECKPOINTING_SOAK=1 makes it long, CHECKPOINTING_SEED repeats a run's choices.
/// </summary>
[Collection(nameof(UnderLoad))]
public sealed class ConservedSumsTests
{
    private const int Accounts = 24;

    private static int Rounds => Soak.Choose(340, 2_000);

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
        Report.Write($"{shape}: {load.Calls} transfers, {rounds.Describe()}");
        await cluster.AssertEverythingIsPermanent(load.Calls);
        Assert.Equal(Rounds, committed);
        Assert.Equal(0, BankWatch.Overlaps);
    }

    private static Task Transfer(RoundsCluster cluster, string shape, Random random)
    {
        var id = Bank.NextTransfer();
        var (from, to) = Bank.TwoOf(Accounts, random);
        return shape switch
        {
            "from account to account" => cluster.Account(from).Transfer(id, RoundsCluster.Key(to), random.Next(100)),
            "chain of three" => cluster.Account(from).TransferAndEnter(id, RoundsCluster.Key(to), $"ledger-{random.Next(3)}", random.Next(100)),
            _ => cluster.Client.GetGrain<IAccountGrain>($"teller-{random.Next(6)}").TransferBetween(id, RoundsCluster.Key(from), RoundsCluster.Key(to), random.Next(100)),
        };
    }
}
