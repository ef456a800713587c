using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Outcomes;
using Checkpointing.Cluster.Tests.StableStorage;
using Checkpointing.Protocol.RollbackAlgorithm;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;

namespace Checkpointing.Cluster.Tests.Recovery;

/// <summary>Lives that do not end as the protocol would like them to.</summary>
public sealed class EarlierLifeTests
{
    private readonly RecordStore _store = new();

    /// <summary>
    /// p has begun shortly before the loss that makes it an orphan, so it writes a fence, which is slow. The fence must not land after its next life has read the slots: that one would
    /// have to stop.
    /// </summary>
    [Fact]
    public async Task Who_rolls_back_awaits_its_own_writes_before_its_next_life_begins()
    {
        await using var cluster = await RecoveryCluster.Start(store: _store);
        var p = await cluster.OrphanToBe(0, "p");
        var (fences, mayLand) = (new Signal(), new Signal());
        _store.OnNextWrite(p.GetGrainId(), WriteFault.Waits(fences, mayLand));
        await cluster.Lose(1);
        await fences.Happens;
        await cluster.UntilRolledBack(p);
        var starts = p.Get();
        await Task.WhenAny(starts, Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken));
        Assert.False(starts.IsCompleted);
        mayLand.Set();
        Assert.Equal(0, await starts.WithTimeLimit());
        await p.Put(1);
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Outcomes.Checkpoint(p)).Status);
        Assert.Equal((1, 1), (await p.Get(), cluster.RolledBack));
    }

    /// <summary>
    /// RB-10, RB-1: the silo of the earlier life only seemed to be lost, and its checkpoint is on its way. The other cluster here stands for that silo: the survivors
    /// know nothing of it, and it knows nothing of them.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_checkpoint_of_an_earlier_life_that_is_late_fails_by_its_etag_or_is_overwritten(bool landsBeforeTheFence)
    {
        // Nobody there asks the grain's next life on that silo: the silo hears that it is dead before.
        var watch = new RollbackWatch { Loses = message => message is SuspectsReported };
        await using var suspected = await OutcomeCluster.Start(
            store: _store, configure: silo => silo.PutFirst(watch));
        var p = await suspected.OnceCheckpointed();
        await p.Put(1);
        var (begun, goOn) = (new Signal(), new Signal());
        var landed = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        _store.OnNextWrite(p.GetGrainId(), async write =>
        {
            begun.Set();
            await WriteFault.Hangs(goOn, landed)(write);
        });
        var round = suspected.Coordinator.Checkpoint(p.GetGrainId(), CancellationToken.None);
        await begun.Happens;

        await using var cluster = await RecoveryCluster.Start(store: _store);
        await cluster.Lose(1);
        var (fences, mayFence) = (new Signal(), new Signal());
        _store.OnNextWrite(p.GetGrainId(), WriteFault.Waits(fences, mayFence));
        var next = cluster.Outcomes.Client.GetGrain<IParticipantGrain>(p.GetPrimaryKeyString());
        var starts = next.Get();
        await fences.Happens;
        if (landsBeforeTheFence)
        {
            goOn.Set();
            Assert.True(await landed.Task.WithTimeLimit());
            mayFence.Set();
            await cluster.Outcomes.Log.Until($"{p.GetGrainId()} fenced off its earlier lives: Failed");
        }
        else
        {
            mayFence.Set();
            await cluster.Outcomes.Log.Until($"{p.GetGrainId()} fenced off its earlier lives: Stored");
            goOn.Set();
            Assert.False(await landed.Task.WithTimeLimit());
            await suspected.Log.Until($"{p.GetGrainId()} was replaced by another activation and saved nothing");
        }

        // Its round cannot be decided any more: the coordinator of the survivors has taken the record over.
        Assert.NotEqual(CheckpointStatus.Committed, (await round.WithTimeLimit()).Status);
        await suspected.Abandon();
        Assert.Equal(1, await starts);
        await cluster.Outcomes.Log.Until($"{p.GetGrainId()} fenced off its earlier lives: Stored");
        await next.Put(4);

        // The two coordinators may have taken the record from each other.
        await Eventually.Holds(async () => (await cluster.Outcomes.CheckpointAll()).Reason != CheckpointAbortReason.CoordinatorReplaced);
        Assert.Equal(CheckpointStatus.NothingToDo, (await cluster.Outcomes.CheckpointAll()).Status);
        Assert.Equal((5, 0), (await next.Get(), cluster.RolledBack));
    }

    /// <summary>RB-1, RB-11: of two lives that begin beside each other, the one that has fenced goes on; the other stops and is replaced by one that reads the slots again.</summary>
    [Fact]
    public async Task A_life_whose_fence_comes_too_late_is_replaced()
    {
        await using var cluster = await RecoveryCluster.Start(store: _store);
        await cluster.Lose(1);
        var p = cluster.Outcomes.New<IParticipantGrain>("p");
        _store.OnNextWrite(p.GetGrainId(), async write =>
        {
            var other = await SlotsOfOneLife.Begin(_store, p.GetGrainId());
            Assert.Equal(FenceOutcome.Stored, (await other.Fence()).Outcome);
            await write();
        });
        var starts = p.Put(1).ContinueWith(put => put.Exception, TaskScheduler.Default);
        await cluster.Outcomes.Log.Until($"{p.GetGrainId()} fenced off its earlier lives: Superseded");
        await cluster.Outcomes.Log.Until($"{p.GetGrainId()} was replaced by another activation");
        await starts.WithTimeLimit();
        var before = await p.Get();
        await cluster.UntilRecovered();
        await p.Put(2);
        Assert.Equal((before + 2, 0), (await p.Get(), cluster.RolledBack));
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Outcomes.CheckpointAll()).Status);
    }

    /// <summary>RB-10: a loss that is noticed while a grain starts, between its first read and its first call.</summary>
    [Fact]
    public async Task A_grain_that_was_starting_when_its_silo_heard_of_a_loss_fences_its_earlier_lives_off()
    {
        await using var cluster = await RecoveryCluster.Start();
        var starter = cluster.Outcomes.New<IStarterGrain>();
        cluster.Outcomes.Store.OnNextWrite(starter.GetGrainId(), WriteFault.Fails, times: 2);
        var (starting, goOn) = (new Signal(), new Signal());
        StarterGrain.OnStart[starter.GetPrimaryKeyString()] = _ =>
        {
            starting.Set();
            return goOn.Happens;
        };
        var first = Task.CompletedTask;
        await Placed.On(cluster.SiloOf(0).SiloAddress, () =>
        {
            first = starter.Put(1);
            return Task.CompletedTask;
        });
        await starting.Happens;
        await cluster.Lose(1);
        goOn.Set();
        await first;
        await cluster.Outcomes.Log.Until($"{starter.GetGrainId()} fenced off its earlier lives: Stored");
    }

    /// <summary>Its OnActivateAsync has received a label of work that was lost before anybody could look at its ledger.</summary>
    [Fact]
    public async Task A_grain_that_became_an_orphan_while_it_was_starting_rolls_back()
    {
        await using var cluster = await RecoveryCluster.Start();
        var (starter, x) = (cluster.Outcomes.New<IStarterGrain>(), await cluster.On<IParticipantGrain>(1, "x"));
        var (starting, goOn) = (new Signal(), new Signal());
        var starts = 0;
        StarterGrain.OnStart[starter.GetPrimaryKeyString()] = async self =>
        {
            if (Interlocked.Increment(ref starts) > 1)
                return;

            await self.Own(x).Put(1);
            starting.Set();
            await goOn.Happens;
        };
        var first = Task.CompletedTask;
        await Placed.On(cluster.SiloOf(0).SiloAddress, () =>
        {
            first = starter.Put(1);
            return Task.CompletedTask;
        });
        await starting.Happens;
        await cluster.Lose(1);
        await cluster.UntilRecovered();
        goOn.Set();
        await first.ContinueWith(_ => { }, TaskScheduler.Default).WithTimeLimit();
        await cluster.UntilRolledBack(starter);
        await cluster.UntilRecovered();
        Assert.Equal((0, 1), (await starter.Get(), cluster.RolledBack));
    }

    /// <summary>RB-9: nobody but the next life can say where a life ended that could not checkpoint its changes.</summary>
    [Fact]
    public async Task A_life_that_ends_with_changes_on_a_living_silo_makes_its_dependants_roll_back()
    {
        await using var cluster = await OutcomeCluster.Start(configure: silo => silo.Configure<GrainCollectionOptions>(collection =>
            collection.DeactivationTimeout = TimeSpan.FromMilliseconds(500)));
        var (p, q) = (cluster.New<IParticipantGrain>("p"), cluster.New<IParticipantGrain>("q"));
        await q.Put(1);
        Assert.Equal(CheckpointStatus.Committed, (await cluster.CheckpointAll()).Status);
        await p.Put(1, self => self.Own(q).Put(1));
        cluster.Store.OnNextWrite(q.GetGrainId(), WriteFault.Fails, times: 1_000);
        await cluster.Silos.DeactivateAsync(q).WithTimeLimit();
        cluster.Store.ForgetPlans();
        await cluster.Log.Until($"{p.GetGrainId()} rolled back to its permanent checkpoint");
        await Eventually.Holds(async () => !await cluster.Coordinator.IsRecovering(TestContext.Current.CancellationToken));
        Assert.Equal((0, 1), (await p.Get(), await q.Get()));
    }

    /// <summary>RB-2: who has voted learns the decision first; it goes on meanwhile, and rolls back to what the decision has made permanent.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_orphan_in_doubt_goes_on_until_it_knows_the_decision(bool commits)
    {
        await using var cluster = await RecoveryCluster.Start();
        var (p, x) = (await cluster.On<IParticipantGrain>(0, "p"), await cluster.On<IParticipantGrain>(1, "x"));
        await p.Put(1);
        var (deciding, mayDecide, asked) = (new Signal(), new Signal(), new Signal());
        cluster.Outcomes.Store.OnNextWrite(RecordStore.Coordinator, commits ? WriteFault.Waits(deciding, mayDecide) : WriteFault.WaitsAndFails(deciding, mayDecide));
        var round = cluster.Outcomes.Checkpoint(p);
        await deciding.Happens;
        await p.Put(10, self => self.Own(x).Put(1));
        cluster.Watch.Delivered = (grain, message) =>
        {
            if (grain == p.GetGrainId() && message is PrepareToRollBack)
                asked.Set();
        };
        await cluster.Lose(1);
        await asked.Happens;

        // What was posted before this call has been dealt with when it is answered.
        await p.Put(100);
        Assert.Equal((111, 0), (await p.Get(), cluster.Logged("is ready to roll back") + cluster.RolledBack));
        Assert.True(await cluster.IsRecovering());
        mayDecide.Set();
        Assert.Equal(commits ? CheckpointStatus.Committed : CheckpointStatus.Aborted, (await round).Status);
        await cluster.UntilRolledBack(p);
        await cluster.UntilRecovered();
        Assert.Equal((commits ? 1 : 0, 0, 1), (await p.Get(), await x.Get(), cluster.RolledBack));
    }
}

/// <summary>A participant whose OnActivateAsync is a test's.</summary>
public interface IStarterGrain : IGrainWithStringKey
{
    Task Put(int amount);

    Task<int> Get();
}

public sealed class StarterGrain([CheckpointedState("sum")] ICheckpointedState<int> sum) : Grain, IStarterGrain
{
    public static System.Collections.Concurrent.ConcurrentDictionary<string, Func<StarterGrain, Task>> OnStart { get; } = new();

    public T Own<T>(T grain)
        where T : IAddressable
        => GrainFactory.GetGrain<T>(grain.GetGrainId());

    public override Task OnActivateAsync(CancellationToken cancellationToken) =>
        OnStart.TryGetValue(this.GetPrimaryKeyString(), out var code) ? code(this) : Task.CompletedTask;

    public Task Put(int amount)
    {
        sum.State += amount;
        return Task.CompletedTask;
    }

    public Task<int> Get() => Task.FromResult(sum.State);
}
