using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Protocol.CheckpointAlgorithm;

namespace Checkpointing.Cluster.Tests.Rounds;

/// <summary>
/// The two mechanisms on which consistency rests, each in the one situation that needs it: with it the cut is consistent, without it the judge finds
/// the orphan. Both are switched off by the test, on the wire.
/// </summary>
[Collection(nameof(UnderLoad))]
public sealed class ForcedInterleavingTests
{
    [Fact]
    public async Task A_message_that_overtakes_a_snapshot_has_the_snapshot_taken_again()
    {
        await using var cluster = await RoundsCluster.Start(options => options.MaxPause = TimeSpan.FromSeconds(10));
        var result = await RoundThatIsOvertaken(cluster);
        Assert.Equal(CheckpointStatus.Committed, result.Status);
        Assert.True(result.Retakes >= 1);
        Assert.Equal(3, result.Participants.Count);
        await cluster.AssertEverythingIsPermanent(2);
    }

    [Fact]
    public async Task Without_verification_the_message_that_overtakes_a_snapshot_becomes_an_orphan()
    {
        await using var cluster = await RoundsCluster.Start(options => options.MaxPause = TimeSpan.FromSeconds(10));
        cluster.Watch.Spoil = message => message is SnapshotTaken taken ? taken with { Snapshot = taken.Snapshot with { Receipts = [] } } : message;
        var result = await RoundThatIsOvertaken(cluster);
        Assert.Equal(CheckpointStatus.Committed, result.Status);
        Assert.Contains(cluster.Judge.Violations, violation => violation.Contains("does not remember sending it", StringComparison.Ordinal));
        Assert.Contains(cluster.Judge.Violations, violation => violation.Contains("which remembers sending", StringComparison.Ordinal));
        Assert.Contains(cluster.Judge.Violations, violation => violation.Contains("all balances together", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_response_makes_its_receiver_depend_on_its_sender()
    {
        await using var cluster = await RoundsCluster.Start();
        cluster.Judge.Invariant = Bank.Conserved(withEntries: false);
        await cluster.Account(1).Transfer(Bank.NextTransfer(), RoundsCluster.Key(2), 5);
        var result = await cluster.Checkpoint(cluster.Account(1).GetGrainId());
        Assert.Equal(2, result.Participants.Count);
        cluster.Judge.AssertNoViolation();
    }

    [Fact]
    public async Task Without_labels_on_responses_half_a_transfer_becomes_permanent()
    {
        await using var cluster = await RoundsCluster.Start();
        cluster.Judge.Invariant = Bank.Conserved(withEntries: false);
        cluster.Watch.DropsResponseLabels = true;
        await cluster.Account(1).Transfer(Bank.NextTransfer(), RoundsCluster.Key(2), 5);
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Coordinator.Checkpoint(cluster.Account(1).GetGrainId(), TestContext.Current.CancellationToken)).Status);
        Assert.Contains(cluster.Judge.Violations, violation => violation.Contains("which remembers sending 0", StringComparison.Ordinal));
        Assert.Contains(cluster.Judge.Violations, violation => violation.Contains("all balances together", StringComparison.Ordinal));
    }

    /// <summary>
    /// q has taken its snapshot and p has not, when a teller takes money from q and brings it to p: the chain passes both gates, and p's snapshot will
    /// remember what q's has forgotten. The teller joins the round only through p's receipt.
    /// </summary>
    private static async Task<CheckpointResult> RoundThatIsOvertaken(RoundsCluster cluster)
    {
        cluster.Judge.Invariant = Bank.Conserved(withEntries: false);
        var (p, q, teller) = (cluster.Account(2), cluster.Account(1), cluster.Account(3));
        await cluster.ActivateOn(0, p);
        await cluster.ActivateOn(1, q);
        await cluster.ActivateOn(0, teller);
        await q.Transfer(Bank.NextTransfer(), RoundsCluster.Key(2), 5);

        var snapshotOfPWaits = new Signal();
        var snapshotOfPGoesOn = new Signal();
        var snapshotOfQIsTaken = new Signal();
        var observed = cluster.Watch.Spoil;
        cluster.Watch.Spoil = message =>
        {
            if (message is SnapshotTaken taken && message.From == cluster.HostOf(q.GetGrainId()).Activation.Ledger.Life.Participant)
                snapshotOfQIsTaken.Set();
            return observed?.Invoke(message) ?? message;
        };
        cluster.Watch.BeforeDelivery = async (_, messages) =>
        {
            if (messages.Any(entry => entry.Grain == p.GetGrainId() && entry.Message is TakeSnapshot))
            {
                snapshotOfPWaits.Set();
                await snapshotOfPGoesOn.Happens;
            }
        };

        var round = cluster.Coordinator.Checkpoint(p.GetGrainId(), TestContext.Current.CancellationToken);
        await snapshotOfPWaits.Happens;
        await snapshotOfQIsTaken.Happens;
        await teller.TransferBetween(Bank.NextTransfer(), RoundsCluster.Key(1), RoundsCluster.Key(2), 7);
        snapshotOfPGoesOn.Set();
        return await round.WithTimeLimit();
    }
}
