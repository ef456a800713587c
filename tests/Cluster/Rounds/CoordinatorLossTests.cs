using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Orleans.Core.Internal;

namespace Checkpointing.Cluster.Tests.Rounds;

/// <summary>The coordinator's activation goes in the middle of a round: the next one fences it and goes on; nobody waits at a closed gate for ever.</summary>
[Collection(nameof(UnderLoad))]
public sealed class CoordinatorLossTests
{
    [Theory]
    [InlineData("while it drains")]
    [InlineData("while snapshots are taken")]
    [InlineData("while snapshots are written")]
    [InlineData("while the decision is written")]
    public async Task Rounds_go_on_when_the_coordinator_is_deactivated(string when)
    {
        await using var cluster = await RoundsCluster.Start(options => options.DecisionPollInterval = TimeSpan.FromMilliseconds(200));
        cluster.Judge.Invariant = Bank.Conserved(withEntries: false);
        var load = Load.Start(8, Soak.Seed, random =>
        {
            var (from, to) = Bank.TwoOf(8, random);
            return cluster.Account(from).Transfer(Bank.NextTransfer(), RoundsCluster.Key(to), random.Next(100));
        });
        var rounds = new List<CheckpointResult>();
        for (var i = 0; i < 3; i++)
        {
            rounds.Add(await cluster.Coordinator.CheckpointAll(TestContext.Current.CancellationToken).WithTimeLimit());
            var epoch = cluster.Judge.Epoch;
            DeactivateOnce(cluster, when);
            rounds.Add(await cluster.Coordinator.CheckpointAll(TestContext.Current.CancellationToken).WithTimeLimit());
            await UntilCommitted(cluster, load, rounds, epoch);
        }

        await load.Stop();
        Report.Write($"{when}: {load.Calls} transfers, epoch {cluster.Judge.Epoch}, {rounds.Describe()}; "
            + string.Join(", ", rounds.Select(round => $"{round.Status} {round.Reason} {round.Duration.TotalMilliseconds:F0} ms")));
        Assert.True(cluster.Judge.Epoch >= 4, "The coordinator was not replaced.");
        await cluster.AssertEverythingIsPermanent(load.Calls);
    }

    private static async Task UntilCommitted(RoundsCluster cluster, Load load, List<CheckpointResult> rounds, long epoch)
    {
        for (var attempt = 1; cluster.Judge.Epoch == epoch || rounds[^1].Status != CheckpointStatus.Committed; attempt++)
        {
            Assert.True(attempt < 50, $"No round commits any more: {rounds[^1]}");
            var transfers = load.Calls;
            rounds.Add(await cluster.Coordinator.CheckpointAll(TestContext.Current.CancellationToken).WithTimeLimit());
            if (rounds[^1].Status == CheckpointStatus.NothingToDo)
            {
                // Fifty of these are asked in a few milliseconds, in which callers on a busy machine change nothing.
                await Eventually.Holds(() => load.Calls > transfers);
            }
        }
    }

    private static void DeactivateOnce(RoundsCluster cluster, string when)
    {
        var isDone = 0;
        cluster.Watch.BeforeDelivery = (_, messages) => messages.Any(entry =>
            (when == "while it drains" && entry.Message is JoinRound) || (when == "while snapshots are taken" && entry.Message is TakeSnapshot))
                ? Deactivate()
                : Task.CompletedTask;
        cluster.Storage.BeforeWrite = (name, _) =>
            (when == "while snapshots are written" && name != "decisions") || (when == "while the decision is written" && name == "decisions")
                ? Deactivate()
                : Task.CompletedTask;

        Task Deactivate() => Interlocked.Exchange(ref isDone, 1) == 0
            ? cluster.Coordinator.AsReference<IGrainManagementExtension>().DeactivateOnIdle().AsTask()
            : Task.CompletedTask;
    }
}
