using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Protocol.CheckpointAlgorithm;

namespace Checkpointing.Cluster.Tests.Rounds;

/// <summary>Grains that are created, or that move to another silo, in the middle of a round. Each instant is forced.</summary>
[Collection(nameof(UnderLoad))]
public sealed class GrainsComeAndGoTests
{
    /// <summary>S37: p's chain is all that the round still waits for, and its last call is the first that n ever gets.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_grain_that_a_draining_chain_creates_joins_the_round(int siloOfNew)
    {
        var (entering, goOn, joined) = (new Signal(), new Signal(), new Signal());
        await using var cluster = await RoundsCluster.Start(options => options.MaxPause = TimeSpan.FromSeconds(10), silo => silo.AddIncomingGrainCallFilter(async context =>
        {
            if (context.Request.GetMethodName() == nameof(IBankGrain.CreditAndEnter))
            {
                entering.Set();
                await goOn.Happens;
            }

            await context.Invoke();
        }));
        cluster.Judge.Invariant = Bank.Conserved(withEntries: true);
        var (p, q, n) = (cluster.Account(1), cluster.Account(2), cluster.Account(3));
        await cluster.ActivateOn(0, p);
        await cluster.ActivateOn(1, q);
        cluster.Watch.AfterDelivery = messages =>
        {
            if (messages.Any(entry => entry.Grain == p.GetGrainId() && entry.Message is JoinRound))
                joined.Set();
        };

        var chain = Placed.On(cluster.Silos[siloOfNew].SiloAddress, () => p.TransferAndEnter(Bank.NextTransfer(), RoundsCluster.Key(2), RoundsCluster.Key(3), 5));
        await entering.Happens;
        var round = cluster.Checkpoint();
        await joined.Happens;
        Assert.True(await cluster.HostOf(p.GetGrainId()).Activation.InTurn(activation => activation.Turns is { IsClosed: true, IsQuiescent: false }));
        Assert.Null(cluster.TryHostOf(n.GetGrainId()));
        goOn.Set();
        await chain.WithTimeLimit();
        var result = await round;

        Assert.Equal((CheckpointStatus.Committed, 1), (result.Status, result.Attempts));
        Assert.Equal(
            new[] { p, q, n }.Select(grain => grain.GetGrainId()).Order(),
            result.Participants.Select(participant => participant.GrainId).Order());
        Assert.Equal(q.GetGrainId(), result.Participants.Single(participant => participant.GrainId == n.GetGrainId()).DrawnInBy);
        Assert.Equal(cluster.Silos[siloOfNew].SiloAddress, cluster.HostOf(n.GetGrainId()).Activation.Context.Address.SiloAddress);
        Assert.Equal((-5, 5, 1), (Permanent(cluster, p).Balance, Permanent(cluster, q).Balance, Permanent(cluster, n).Entries.Count));
        await cluster.AssertEverythingIsPermanent(1);
    }

    /// <summary>It is on its way out, and no handler of it runs any more, when the message that is held reaches it: it takes its checkpoint, then it moves.</summary>
    [Theory]
    [InlineData(nameof(JoinRound))]
    [InlineData(nameof(TakeSnapshot))]
    [InlineData(nameof(StoreSnapshot))]
    public async Task A_grain_that_is_to_move_in_the_middle_of_a_round_takes_its_checkpoint_and_moves(string held)
    {
        await using var cluster = await RoundsCluster.Start(options => options.MaxPause = TimeSpan.FromSeconds(10));
        var p = await ChangedOn(cluster, 0);
        var (waits, leaves, goOn) = (new Signal(), new Signal(), new Signal());
        cluster.Watch.BeforeDelivery = async (_, messages) =>
        {
            if (messages.Any(entry => entry.Grain == p.GetGrainId() && entry.Message.GetType().Name == held))
            {
                waits.Set();
                await goOn.Happens;
            }
        };
        cluster.Watch.Leaves = grain =>
        {
            if (grain == p.GetGrainId())
                leaves.Set();
        };

        List<long?> decided = [];
        cluster.Judge.Decided = _ => decided.Add(cluster.Judge.PermanentState(p.GetGrainId())?.Balance);

        var round = cluster.Checkpoint();
        await waits.Happens;
        await cluster.Migrate(p, 1);
        await leaves.Happens;
        var next = p.Transfer(Bank.NextTransfer(), RoundsCluster.Key(2), 7);
        goOn.Set();
        var result = await round;

        Assert.Equal((CheckpointStatus.Committed, 1, 2), (result.Status, result.Attempts, result.Participants.Count));
        await next.WithTimeLimit();
        AssertIsOn(cluster, 1, p);
        Assert.Equal(-5, decided[0]);
        await AssertBooks(cluster, p);
    }

    /// <summary>Nothing of the round reaches it before it has gone, with its changes in memory: the round finds it on the other silo.</summary>
    [Fact]
    public async Task A_grain_that_has_moved_before_the_round_reaches_it_is_found_on_the_other_silo()
    {
        await using var cluster = await RoundsCluster.Start();
        var p = await ChangedOn(cluster, 0);
        var life = cluster.HostOf(p.GetGrainId()).Activation.Ledger.Life.Incarnation;
        var (waits, goOn) = (new Signal(), new Signal());
        cluster.Watch.BeforeDelivery = async (silo, messages) =>
        {
            if (silo.Equals(cluster.Silos[0].SiloAddress) && messages.Any(entry => entry.Grain == p.GetGrainId() && entry.Message is JoinRound))
            {
                waits.Set();
                await goOn.Happens;
            }
        };

        var round = cluster.Checkpoint();
        await waits.Happens;
        await cluster.Migrate(p, 1);
        await Eventually.Holds(() => cluster.TryHostOf(p.GetGrainId()) is { } host && host.Activation.Context.Address.SiloAddress!.Equals(cluster.Silos[1].SiloAddress));
        Assert.False(round.IsCompleted);
        Assert.Null(cluster.Judge.PermanentState(p.GetGrainId()));
        goOn.Set();
        var result = await round;

        Assert.Equal(CheckpointStatus.Committed, result.Status);
        Assert.Equal((-5, life), (Permanent(cluster, p).Balance, cluster.HostOf(p.GetGrainId()).Activation.Ledger.Life.Incarnation));
        await p.Transfer(Bank.NextTransfer(), RoundsCluster.Key(2), 7);
        AssertIsOn(cluster, 1, p);
        await AssertBooks(cluster, p);
    }

    private static async Task<IAccountGrain> ChangedOn(RoundsCluster cluster, int silo)
    {
        cluster.Judge.Invariant = Bank.Conserved(withEntries: false);
        var account = cluster.Account(1);
        await cluster.ActivateOn(silo, account);
        await account.Transfer(Bank.NextTransfer(), RoundsCluster.Key(2), 5);
        AssertIsOn(cluster, silo, account);
        return account;
    }

    private static void AssertIsOn(RoundsCluster cluster, int silo, IAccountGrain account) =>
        Assert.Equal(cluster.Silos[silo].SiloAddress, cluster.HostOf(account.GetGrainId()).Activation.Context.Address.SiloAddress);

    private static async Task AssertBooks(RoundsCluster cluster, IAccountGrain account)
    {
        Assert.Equal(-12, await account.Balance());
        await cluster.AssertEverythingIsPermanent(2);
        Assert.Equal((-12, 2), (Permanent(cluster, account).Balance, Permanent(cluster, account).Debits.Count));
    }

    private static BankState Permanent(RoundsCluster cluster, IAccountGrain account) =>
        cluster.Judge.PermanentState(account.GetGrainId()) ?? throw new InvalidOperationException($"{account.GetGrainId()} has no permanent checkpoint.");
}
