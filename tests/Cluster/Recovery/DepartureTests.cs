using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Outcomes;
using Checkpointing.Cluster.Tests.Rounds;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Runtime.Silos;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Services;

namespace Checkpointing.Cluster.Tests.Recovery;

/// <summary>Grains that go, and silos, in ways that are not quite orderly (G7, RB-9).</summary>
public sealed class DepartureTests
{
    /// <summary>The runtime carries no migration out after an OnDeactivateAsync that has failed, although it was asked for one.</summary>
    [Fact]
    public async Task Changes_that_can_neither_be_checkpointed_nor_move_make_their_dependants_roll_back()
    {
        await using var cluster = await OutcomeCluster.Start(silos: 2);
        var (p, q) = (cluster.New<IParticipantGrain>("p"), cluster.New<IParticipantGrain>("q"));
        await q.Put(1);
        Assert.Equal(CheckpointStatus.Committed, (await cluster.CheckpointAll()).Status);
        await q.Do<ParticipantGrain>(self => self.FailureOfDeactivation = new InvalidOperationException("The grain's own code fails."));
        await p.Put(1, self => self.Own(q).Put(1));
        cluster.Store.OnNextWrite(q.GetGrainId(), WriteFault.Fails, times: 1_000);

        await cluster.Silos.DeactivateAsync(q).WithTimeLimit();
        cluster.Store.ForgetPlans();

        await Eventually.Holds(() => cluster.Log.All.Any(line => line.Text.Contains("The runtime has not moved the grain", StringComparison.Ordinal)));
        await cluster.Log.Until($"{p.GetGrainId()} rolled back to its permanent checkpoint");
        await Eventually.Holds(async () => !await cluster.Coordinator.IsRecovering(TestContext.Current.CancellationToken));
        Assert.Equal((0, 1), (await p.Get(), await q.Get()));
    }

    /// <summary>What it still sent would come from a life that is over, and whoever received it would have to roll back.</summary>
    [Fact]
    public async Task Code_that_goes_on_after_its_grain_was_deactivated_draws_nobody_in()
    {
        await using var cluster = await OutcomeCluster.Start();
        var (p, q) = (cluster.New<IParticipantGrain>("p"), cluster.New<IParticipantGrain>("q"));
        var goesOn = new Signal();
        Task? loop = null;
        await q.Put(1);
        await p.Put(1, self =>
        {
            loop = GoOn(self);
            return Task.CompletedTask;
        });
        await cluster.Silos.DeactivateAsync(p).WithTimeLimit();
        await Eventually.Holds(async () => await Record.ExceptionAsync(() => p.Get()) is null);

        goesOn.Set();
        var refused = await Assert.ThrowsAsync<RolledBackException>(() => loop!.WithTimeLimit());

        Assert.Equal(p.GetGrainId(), refused.GrainId);
        Assert.Contains("was deactivated", refused.Message, StringComparison.Ordinal);
        await cluster.CheckpointAll();
        Assert.Equal((1, 1), (await p.Get(), await q.Get()));
        cluster.AssertNobodyRolledBack(p, q);

        async Task GoOn(ProbeGrain self)
        {
            await goesOn.Happens;
            await self.Own(q).Put(1);
        }
    }

    /// <summary>G3: no handler of p awaits the call, so p can be deactivated while it is under way. Its code goes on with the answer before p moves.</summary>
    [Fact]
    public async Task A_grain_that_moves_waits_for_a_call_that_none_of_its_handlers_awaits()
    {
        await using var cluster = await OutcomeCluster.Start(silos: 2, options: options => (options.MaxPause, options.MaxAttempts) = (TimeSpan.FromMilliseconds(500), 1));
        var (p, q) = (cluster.New<IParticipantGrain>("p"), cluster.New<IParticipantGrain>("q"));
        var goOn = new Signal();
        await q.Put(1);
        await p.Put(1, self =>
        {
            _ = Work((ParticipantGrain)self);
            return Task.CompletedTask;
        });
        var (life, left) = ((await p.Ledger()).Life, await cluster.SiloOf(p));
        var leaves = cluster.Silos.DeactivateAsync(p);
        await Task.Delay(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);
        goOn.Set();
        await leaves.WithTimeLimit();

        await Eventually.Holds(async () => await p.Get() == 6);
        Assert.Equal((6, life), (await q.Get(), (await p.Ledger()).Life));
        Assert.NotEqual(left, await cluster.SiloOf(p));
        Assert.Equal(CheckpointStatus.Committed, (await cluster.CheckpointAll()).Status);
        cluster.AssertNobodyRolledBack(p, q);

        async Task Work(ParticipantGrain self)
        {
            await self.Own(q).Put(5, _ => goOn.Happens);
            self.Sum.State += 5;
        }
    }

    /// <summary>Nobody stops its services, and its process goes on: it could never be freed.</summary>
    [Fact]
    public async Task Nothing_of_a_silo_that_was_killed_in_a_process_of_several_runs_on()
    {
        await using var cluster = await OutcomeCluster.Start(silos: 2);
        var killed = cluster.Silos.Silos[1];
        var agent = killed.ServiceProvider.GetServices<IGrainService>().OfType<CheckpointAgent>().Single();
        Assert.False(agent.Work.IsCompleted);
        await cluster.Kill(killed);
        await agent.Work.WithTimeLimit();
    }

    /// <summary>CP-8: the grains of a silo that stops are deactivated after its services have stopped. Until they are gone somebody looks after those whose coordinator is silent.</summary>
    [Fact]
    public async Task A_grain_of_a_stopping_silo_leaves_a_round_whose_coordinator_is_silent()
    {
        var rounds = new ControlWatch { Loses = static (_, message) => message is not JoinRound };
        await using var cluster = await OutcomeCluster.Start(
            options: options => (options.MaxPause, options.MaxAttempts) = (TimeSpan.FromMilliseconds(500), 1),
            configure: silo => silo.PutFirst(services => new ControlWatch.Filter(rounds, services)));
        var p = cluster.New<IParticipantGrain>();
        await p.Put(1);
        await cluster.Silos.Silos[0].ServiceProvider.GetServices<IGrainService>().OfType<CheckpointAgent>().Single().Stop();

        Assert.Equal(CheckpointStatus.Aborted, (await cluster.Checkpoint(p)).Status);
        await p.Put(1).WithTimeLimit();
        Assert.Equal(2, await p.Get());
    }

    [Fact]
    public async Task A_silo_stops_although_it_has_something_to_report_that_nobody_hears()
    {
        await using var cluster = await RecoveryCluster.Start();
        var p = await cluster.On<IParticipantGrain>(0, "p");
        await p.Put(1);
        var life = cluster.TryHostOf(p)!.Activation.Ledger.Life;
        var reports = 0;
        cluster.Watch.Loses = message => message is SuspectsReported && Interlocked.Increment(ref reports) > 0;
        var silo = cluster.SiloOf(0);
        silo.ServiceProvider.GetRequiredService<LocalRollbacks>().OnLifeStopped(new Life(life.Participant, new Incarnation(life.Incarnation.Generation, Guid.NewGuid()), life.Silo));
        await Eventually.Holds(() => Volatile.Read(ref reports) > 0);

        await cluster.Outcomes.Stop(silo).WaitAsync(TimeSpan.FromSeconds(15), TestContext.Current.CancellationToken);

        cluster.Watch.Loses = static _ => false;
        Assert.Equal(1, await p.Get());
    }
}
