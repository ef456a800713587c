using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Outcomes;
using Checkpointing.Cluster.Tests.Rounds;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Runtime.Silos;
using Microsoft.Extensions.DependencyInjection;

namespace Checkpointing.Cluster.Tests.Recovery;

/// <summary>The ways in which an orphan is found when nobody hears of a loss from the membership, and the silos that were not there when it was.</summary>
public sealed class DetectionTests
{
    /// <summary>RB-14: the earlier life of q has ended without a word. Its next life calls p, which has heard from both then.</summary>
    [Fact]
    public async Task A_grain_in_which_two_lives_of_a_peer_meet_asks_about_both_and_rolls_back()
    {
        await using var cluster = await RecoveryCluster.Start();
        var (p, q) = (await cluster.On<IParticipantGrain>(0, "p"), await cluster.On<IParticipantGrain>(1, "q"));
        await p.Put(1, self => self.Own(q).Put(1));
        var earlier = (await q.Ledger()).Life;
        var host = cluster.TryHostOf(q)!;
        await q.InTurn(_ =>
        {
            host.Replace("the test says so");
            return true;
        });
        await q.Put(10);
        Assert.NotEqual(earlier, (await q.Ledger()).Life);
        await cluster.UntilRecovered();
        Assert.Equal((1, 10, 0), (await p.Get(), await q.Get(), cluster.RolledBack));

        await q.Put(10, self =>
        {
            self.Own(p).Tell(7);
            return Task.CompletedTask;
        });
        await cluster.UntilRolledBack(p);
        await cluster.UntilRecovered();
        Assert.Equal((0, 20, 1), (await p.Get(), await q.Get(), cluster.RolledBack));
    }

    /// <summary>RB-14: what p has received from the earlier life of q is in its tentative checkpoint, and what it has received from the next one is not. They meet when that checkpoint is undone.</summary>
    [Fact]
    public async Task Two_lives_of_a_peer_that_meet_because_a_tentative_checkpoint_is_undone_are_asked_about_too()
    {
        var rounds = new ControlWatch();
        await using var cluster = await RecoveryCluster.Start(configure: silo => silo.PutFirst(services => new ControlWatch.Filter(rounds, services)));
        var (p, q) = (await cluster.On<IParticipantGrain>(0, "p"), await cluster.On<IParticipantGrain>(1, "q"));
        await p.Put(1, self => self.Own(q).Put(1));
        rounds.Loses = (grain, message) => grain == p.GetGrainId() && message is UndoTentative or DecisionAnswered;
        cluster.Outcomes.Store.OnNextWrite(q.GetGrainId(), WriteFault.Fails);
        Assert.Equal(CheckpointAbortReason.NotStored, (await cluster.Outcomes.Checkpoint(p)).Reason);
        var host = cluster.TryHostOf(q)!;
        await q.InTurn(_ =>
        {
            host.Replace("the test says so");
            return true;
        });
        await q.Put(10, self =>
        {
            self.Own(p).Tell(7);
            return Task.CompletedTask;
        });
        var next = (await q.Ledger()).Life;
        await Eventually.Holds(async () => (await p.Ledger()).Receipts.Any(receipt => receipt.Sender.Equals(next)));
        await cluster.UntilRecovered();
        Assert.Equal(0, cluster.RolledBack);

        rounds.Loses = null;
        await cluster.UntilRolledBack(p);
        await cluster.UntilRecovered();
        Assert.Equal((0, 10, 1), (await p.Get(), await q.Get(), cluster.RolledBack));
    }

    /// <summary>CP-3: the coordinator hears no report of any silo, so nobody but the round can find the orphan.</summary>
    [Fact]
    public async Task A_round_that_finds_an_orphan_says_so_and_has_it_roll_back()
    {
        await using var cluster = await RecoveryCluster.Start();
        var (p, q) = (await cluster.On<IParticipantGrain>(0, "p"), await cluster.On<IParticipantGrain>(1, "q"));
        await p.Put(1, self => self.Own(q).Put(10));
        var lost = 0;
        cluster.Watch.Loses = message =>
        {
            if (message is not (SuspectsReported or OrphansReported))
                return false;

            Interlocked.Increment(ref lost);
            return true;
        };
        await cluster.Lose(1);
        await Eventually.Holds(() => lost > 0);
        Assert.Equal((1, 0), (await p.Get(), cluster.RolledBack));

        var result = await cluster.Outcomes.Checkpoint(p);
        Assert.Equal((CheckpointStatus.Aborted, CheckpointAbortReason.OrphanFound), (result.Status, result.Reason));
        Assert.Contains($"Grain {p.GetGrainId()}", result.Detail, StringComparison.Ordinal);
        Assert.Contains("It rolls back by itself", result.Detail, StringComparison.Ordinal);
        await cluster.UntilRolledBack(p);
        cluster.Watch.Loses = null;
        await cluster.UntilRecovered();
        Assert.Equal((0, 0, 1), (await p.Get(), await q.Get(), cluster.RolledBack));
    }

    /// <summary>RB-6: a relay passes on what an undone life has told it, to a grain of a silo that was not there when that life was undone.</summary>
    [Fact]
    public async Task A_silo_that_joins_after_a_recovery_drops_what_was_undone_before()
    {
        await using var cluster = await RecoveryCluster.Start();
        var (orphan, relay) = (await cluster.OrphanToBe(), await cluster.On<IRelayGrain>(0, "relay"));
        var (waits, goOn, ended, ghost) = (new Signal(), new Signal(), new Signal(), new Signal());
        IParticipantGrain? q = null;
        Exception? refused = null;
        await orphan.Put(1, self => self.Own(relay).Notify(Script.Of(async passing =>
        {
            waits.Set();
            await goOn.Happens;
            refused = await Record.ExceptionAsync(() => passing.Own(q!).Perform(ghost.AsScript()));
            ended.Set();
        })));
        await waits.Happens;
        await cluster.Lose(1);
        await cluster.UntilRolledBack(orphan);
        await cluster.UntilRecovered();

        var joined = await cluster.Outcomes.Silos.StartAdditionalSiloAsync();
        await cluster.Outcomes.Silos.WaitForLivenessToStabilizeAsync();
        var undone = joined.ServiceProvider.GetRequiredService<LocalRollbacks>().Undone;
        await Eventually.Holds(() => !undone.IsEmpty);
        q = await cluster.On<IParticipantGrain>(joined.SiloAddress, "q");
        Assert.Equal(0, cluster.Dropped);
        goOn.Set();
        await ended.Happens;

        Assert.Equal((false, 1), (ghost.HasHappened, cluster.Dropped));
        Assert.IsType<RolledBackException>(refused);
        Assert.Empty((await q.Ledger()).Receipts);
        Assert.Equal(1, cluster.RolledBack);
    }
}
