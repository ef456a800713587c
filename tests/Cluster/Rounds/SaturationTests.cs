using System.Diagnostics;

namespace Checkpointing.Cluster.Tests.Rounds;

/// <summary>Rounds over grains that are never idle (SPEC K17–K19). 30 s each, 60 s with CHECKPOINTING_SOAK=1.</summary>
[Collection(nameof(UnderLoad))]
public sealed class SaturationTests
{
    private const int Callers = 64;

    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(Soak.Choose(30, 60));

    [Theory]
    [InlineData("one hot grain")]
    [InlineData("one pair of accounts")]
    public async Task Rounds_commit_under_saturating_load(string shape)
    {
        await using var cluster = await RoundsCluster.Start();
        cluster.Judge.Invariant = Bank.Conserved(withEntries: false);
        var receivers = shape == "one hot grain" ? 16 : 1;
        await cluster.ActivateOn(0, cluster.Account(0));
        await cluster.ActivateOn(1, cluster.Account(1));
        var load = Load.Start(Callers, Soak.Seed, random => cluster.Account(0).Transfer(Bank.NextTransfer(), RoundsCluster.Key(1 + random.Next(receivers)), random.Next(100)));
        var rounds = new List<CheckpointResult>();
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < Duration)
            rounds.Add(await cluster.Checkpoint(rounds.Count % 2 == 0 ? null : cluster.Account(0).GetGrainId()));

        await load.Stop();
        Report.Write($"{shape}: {load.Calls} transfers, {rounds.Describe()}");
        await cluster.AssertEverythingIsPermanent(load.Calls);

        // On a starved machine no call may have run between two requests: then there was nothing to do.
        var needed = rounds.Where(round => round.Status != CheckpointStatus.NothingToDo).ToList();
        var prompt = needed.Count(round => round.Status == CheckpointStatus.Committed && round.Attempts <= 2);
        Assert.True(needed.Count >= rounds.Count * 0.75, $"Only {needed.Count} of {rounds.Count} requests had something to do.");
        Assert.True(prompt >= needed.Count * 0.95, $"Only {prompt} of {needed.Count} requests committed within two attempts.");
        Assert.Equal(0, BankWatch.Overlaps);
    }
}
