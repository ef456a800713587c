using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Recovery;
using Orleans.Core.Internal;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>A grain whose OnActivateAsync throws after it has changed its state: what it did does not count.</summary>
public sealed class FailedActivationTests
{
    [Fact]
    public async Task What_an_activation_that_failed_did_to_its_state_does_not_become_permanent()
    {
        await using var cluster = await OutcomeCluster.Start();
        var starter = cluster.New<IStarterGrain>();
        FailsOnce(starter, static self => self.Put(100));

        await Assert.ThrowsAsync<InvalidOperationException>(() => starter.Put(1));
        await cluster.Silos.WaitForDeactivationAsync(starter).WithTimeLimit();

        Assert.Equal("", cluster.Store.SlotsOf(starter.GetGrainId()));
        await starter.Put(1);
        Assert.Equal(1, await starter.Get());
        Assert.DoesNotContain(cluster.Log.All, line => line.Text.Contains("they are lost", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Whoever_was_called_by_an_activation_that_failed_rolls_back()
    {
        await using var cluster = await OutcomeCluster.Start();
        var (starter, q) = (cluster.New<IStarterGrain>(), cluster.New<IParticipantGrain>("q"));
        await q.Put(1);
        await cluster.CheckpointAll();
        FailsOnce(starter, self => self.Own(q).Put(10));

        await Assert.ThrowsAsync<InvalidOperationException>(() => starter.Put(1));

        // The next life says where that one ended.
        await cluster.Log.Until($"{q.GetGrainId()} rolled back to its permanent checkpoint");
        await Eventually.Holds(async () => !await cluster.Coordinator.IsRecovering(TestContext.Current.CancellationToken));
        Assert.Equal((0, 1), (await starter.Get(), await q.Get()));
        Assert.Contains(cluster.Log.All, line => line.Text.Contains("its OnActivateAsync had called other grains and failed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Changes_that_a_grain_takes_along_are_checkpointed_if_it_fails_to_start_where_it_goes()
    {
        await using var cluster = await OutcomeCluster.Start(silos: 2);
        var starter = cluster.New<IStarterGrain>();
        await starter.Put(3);
        FailsOnce(starter, static self => self.Put(100));
        var here = await cluster.SiloOf(starter);
        var there = cluster.Silos.Silos.Select(silo => silo.SiloAddress).Single(silo => !silo.Equals(here));

        await Placed.On(there, () => starter.AsReference<IGrainManagementExtension>().MigrateOnIdle().AsTask());
        await Eventually.Holds(() => cluster.Store.SlotsOf(starter.GetGrainId()) != "");

        await Eventually.Holds(async () => await Record.ExceptionAsync(() => starter.Get()) is null);
        Assert.Equal(3, await starter.Get());
        Assert.DoesNotContain(cluster.Log.All, line => line.Text.Contains("they are lost", StringComparison.Ordinal));
    }

    private static void FailsOnce(IStarterGrain starter, Func<StarterGrain, Task> code)
    {
        var starts = 0;
        StarterGrain.OnStart[starter.GetPrimaryKeyString()] = async self =>
        {
            if (Interlocked.Increment(ref starts) > 1)
                return;

            await code(self);
            throw new InvalidOperationException("The grain's own code fails.");
        };
    }
}
