using Checkpointing.Cluster.Tests.Kit;

namespace Checkpointing.Cluster.Tests.Rounds;

/// <summary>G5 and G6 over a thousand changed grains.</summary>
[Collection(nameof(UnderLoad))]
public sealed class ManyGrainsTests
{
    private const int Grains = 1_000;

    private static readonly TimeSpan SlowWrite = TimeSpan.FromMilliseconds(500);

    private long _transfers;

    [Fact]
    public async Task A_round_over_a_thousand_changed_grains_writes_a_thousand_and_one_records_and_its_pause_does_not_depend_on_storage()
    {
        await using var cluster = await RoundsCluster.Start(options => options.MaxPause = TimeSpan.FromSeconds(10));
        cluster.Judge.Invariant = Bank.Conserved(withEntries: false);
        await ChangeAll(cluster);
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Checkpoint()).Status);
        var warmUp = await Round(cluster);
        var (withFast, withSlow) = (TimeSpan.MaxValue, TimeSpan.MaxValue);
        for (var i = 0; i < 3 || (i < 6 && !IsFarBelowOneWrite(withSlow, withFast)); i++)
        {
            cluster.Storage.BeforeWrite = null;
            withFast = Least(withFast, (await Round(cluster)).Pause);
            cluster.Storage.BeforeWrite = async (name, _) =>
            {
                AssertGatesAreOpen(cluster, name);
                await Task.Delay(SlowWrite);
                AssertGatesAreOpen(cluster, name);
            };
            var slow = await Round(cluster);
            withSlow = Least(withSlow, slow.Pause);

            // The records of the grains, side by side, and then the decision.
            Assert.True(slow.Duration - slow.Pause > 2 * SlowWrite, $"{slow.Duration} in all, {slow.Pause} of it pause");
        }

        Report.Write($"{Grains} grains: pause {withFast.TotalMilliseconds:F1} ms with fast storage, {withSlow.TotalMilliseconds:F1} ms with {SlowWrite.TotalMilliseconds} ms per write, {warmUp.Pause.TotalMilliseconds:F1} ms in the first round");
        Assert.True(IsFarBelowOneWrite(withSlow, withFast), $"The pause depends on storage: {withSlow}, and {withFast} with fast storage.");
        cluster.Storage.BeforeWrite = null;
        await cluster.AssertEverythingIsPermanent(_transfers);
    }

    /// <summary>The least of several rounds is compared, and on a machine with other work to do with the pause that it needs without any storage.</summary>
    private static bool IsFarBelowOneWrite(TimeSpan withSlow, TimeSpan withFast) => withSlow < SlowWrite / 2 || withSlow < withFast * 2;

    private static TimeSpan Least(TimeSpan left, TimeSpan right) => left < right ? left : right;

    /// <summary>The judge sees that each grain's gate is open when its own record is written; when the decision is, all grains of the round have their gates open.</summary>
    private static void AssertGatesAreOpen(RoundsCluster cluster, string name)
    {
        var closed = name == "decisions" ? cluster.Hosts.Count(host => host.Activation.Turns.IsClosed) : 0;
        if (closed > 0)
            cluster.Judge.Violated($"{closed} gates are closed while the decision is written");
    }

    /// <summary>Every grain is changed; then callers keep calling while the round runs.</summary>
    private async Task<CheckpointResult> Round(RoundsCluster cluster)
    {
        await ChangeAll(cluster);
        var load = Load.Start(64, Soak.Seed, random =>
        {
            var (from, to) = Bank.TwoOf(Grains, random);
            return cluster.Account(from).Transfer(Bank.NextTransfer(), RoundsCluster.Key(to), random.Next(100));
        });
        var before = cluster.Judge.Writes;
        var (delivered, answered) = (cluster.Watch.Delivered, cluster.Watch.Answered);
        var result = await cluster.Checkpoint();
        var after = cluster.Judge.Writes;
        await load.Stop();
        _transfers += load.Calls;
        Report.Write($"{result.Status}, {result.Attempts} attempts, pause {result.Pause.TotalMilliseconds:F1} ms, {result.Duration.TotalMilliseconds:F1} ms in all, {load.Calls} calls, "
            + $"{result.Retakes} retakes, {cluster.Watch.Delivered - delivered} messages to participants, {cluster.Watch.Answered - answered} answers");
        Assert.True(result.Status == CheckpointStatus.Committed, result.Detail);
        Assert.True(result.Pause > TimeSpan.Zero, "No pause is reported.");
        Assert.Equal(Grains, result.Participants.Count);
        Assert.Equal((Grains, 1), (after.Slots - before.Slots, after.Records - before.Records));
        cluster.Judge.AssertNoViolation();
        return result;
    }

    private Task ChangeAll(RoundsCluster cluster)
    {
        _transfers += Grains / 2;
        return Task.WhenAll(Enumerable.Range(0, Grains / 2).Select(i =>
            cluster.Account(2 * i).Transfer(Bank.NextTransfer(), RoundsCluster.Key((2 * i) + 1), 1))).WithTimeLimit();
    }
}
