using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Protocol.CheckpointAlgorithm;

namespace Checkpointing.Cluster.Tests.Rounds;

/// <summary>G7: a grain that goes takes its life along, or leaves everything behind as a checkpoint.</summary>
[Collection(nameof(UnderLoad))]
public sealed class HandOverTests
{
    [Fact]
    public async Task A_grain_that_migrates_goes_on_with_the_same_life()
    {
        await using var cluster = await RoundsCluster.Start();
        cluster.Judge.Invariant = Bank.Conserved(withEntries: false);
        var account = cluster.Account(1);
        await cluster.ActivateOn(0, account);
        await account.Transfer(Bank.NextTransfer(), RoundsCluster.Key(2), 5);
        var before = cluster.HostOf(account.GetGrainId()).Activation;

        await cluster.Migrate(account, 1);
        Assert.Equal(-5, await account.Balance());

        var after = cluster.HostOf(account.GetGrainId()).Activation;
        Assert.Equal(cluster.Silos[1].SiloAddress, after.Context.Address.SiloAddress);
        Assert.Equal(before.Ledger.Life.Incarnation, after.Ledger.Life.Incarnation);
        Assert.Equal(before.Ledger.LastSequence, after.Ledger.LastSequence);
        await account.Transfer(Bank.NextTransfer(), RoundsCluster.Key(2), 5);
        await cluster.AssertEverythingIsPermanent(2);
    }

    [Fact]
    public async Task Changes_that_cannot_be_checkpointed_move_with_their_grain()
    {
        await using var cluster = await RoundsCluster.Start();
        cluster.Judge.Invariant = Bank.Conserved(withEntries: false);
        var account = cluster.Account(1);
        await cluster.ActivateOn(0, account);
        await account.Transfer(Bank.NextTransfer(), RoundsCluster.Key(2), 5);
        await account.Transfer(Bank.NextTransfer(), RoundsCluster.Key(2), 5);
        var life = cluster.HostOf(account.GetGrainId()).Activation.Ledger.Life.Incarnation;

        cluster.Storage.BeforeWrite = (_, _) => throw new IOException("The storage is down.");
        await account.Leave();
        Assert.Equal(-10, await account.Balance().WithTimeLimit());
        cluster.Storage.BeforeWrite = null;

        var host = cluster.HostOf(account.GetGrainId());
        Assert.Equal(life, host.Activation.Ledger.Life.Incarnation);
        Assert.True(host.MayHaveChanged);
        Assert.Equal(3, host.Activation.Ledger.CallsUnsaved);
        await cluster.AssertEverythingIsPermanent(2);
    }

    [Fact]
    public async Task A_grain_that_a_draining_chain_waits_for_can_go()
    {
        await using var cluster = await RoundsCluster.Start();
        cluster.Judge.Invariant = Bank.Conserved(withEntries: false);
        var (p, q) = (cluster.Account(1), cluster.Account(2));
        await cluster.ActivateOn(0, p);
        await cluster.ActivateOn(0, q);
        await p.Transfer(Bank.NextTransfer(), RoundsCluster.Key(2), 5);

        // q is being deactivated, and its checkpoint is held back until the handler of p waits for q.
        var (leaving, waiting) = (new Signal(), new Signal());
        cluster.Watch.BeforeDelivery = async (_, messages) =>
        {
            if (messages.Any(entry => entry.Message is JoinRound && entry.Grain == q.GetGrainId()))
            {
                leaving.Set();
                await waiting.Happens;
            }
        };
        await q.Leave();
        await leaving.Happens;
        var chain = p.Transfer(Bank.NextTransfer(), RoundsCluster.Key(2), 5);
        while (await cluster.HostOf(p.GetGrainId()).Activation.InTurn(caller => caller.Turns.OutstandingCalls == 0))
            Assert.False(chain.IsCompleted, "q has answered although it is being deactivated.");

        var round = cluster.Coordinator.CheckpointAll(TestContext.Current.CancellationToken);
        waiting.Set();
        await chain.WithTimeLimit();
        await round.WithTimeLimit();
        Assert.Equal(10, await q.Balance());
        await cluster.AssertEverythingIsPermanent(2);
    }
}
