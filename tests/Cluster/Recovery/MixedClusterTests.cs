using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Outcomes;
using Checkpointing.Runtime.Calls;
using Checkpointing.Runtime.Coordination;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Metadata;
using Orleans.TestingHost;

namespace Checkpointing.Cluster.Tests.Recovery;

/// <summary>SPEC K15: a recovery beside a silo that has not got the library, or another version of it. It would never answer.</summary>
public sealed class MixedClusterTests
{
    private bool _isPlain;
    private bool _isOlder;

    [Fact]
    public async Task A_recovery_waits_for_nothing_from_a_silo_without_the_library()
    {
        await using var cluster = await Start();
        var (orphan, bystander) = (await cluster.OrphanToBe(), await cluster.On<IParticipantGrain>(0, "bystander"));
        _isPlain = true;
        var plain = await Join(cluster, bystander);

        await cluster.Lose(1);
        await cluster.UntilRolledBack(orphan);
        await cluster.UntilRecovered();
        Assert.Equal((0, 1), (await orphan.Get(), cluster.RolledBack));
        foreach (var result in (RollbackResult[])[await RollBack(cluster, bystander), await Preview(cluster, bystander)])
        {
            Assert.Equal((RollbackStatus.Aborted, RollbackAbortReason.SilosDiffer), (result.Status, result.Reason));
            Assert.Contains($"{plain.SiloAddress}", result.Detail, StringComparison.Ordinal);
            Assert.Contains("Nobody has rolled back", result.Detail, StringComparison.Ordinal);
        }

        await cluster.Outcomes.Stop(plain);
        await Eventually.Holds(async () => (await RollBack(cluster, bystander)).Status == RollbackStatus.RolledBack);
        await orphan.Put(1);
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Outcomes.Checkpoint(orphan)).Status);
    }

    /// <summary>RB-20: no grain with checkpointed state can run a call there, so it has nothing to cut off.</summary>
    [Fact]
    public async Task A_lost_call_is_sent_again_although_a_silo_has_not_got_the_library()
    {
        await using var cluster = await Start();
        var (p, callee) = (await cluster.On<IParticipantGrain>(0, "p"), await cluster.On<IParticipantGrain>(1, "callee"));
        _isPlain = true;
        await Join(cluster, p);
        var (chain, goOn) = await CallInto(p, callee);
        await cluster.Lose(1);
        await chain;
        goOn.Set();
        await cluster.UntilRecovered();
        Assert.Equal((1, 5, 0), (await p.Get(), await callee.Get(), cluster.RolledBack));
    }

    /// <summary>It misreads what it is told, so what it would say is worth nothing: nothing is stored until it is gone, and calls that need its word are lost.</summary>
    [Fact]
    public async Task A_silo_with_another_version_is_noticed_and_not_waited_for_and_what_that_costs_is_logged()
    {
        await using var cluster = await Start();
        var (orphan, p) = (await cluster.OrphanToBe(), await cluster.On<IParticipantGrain>(0, "p"));
        var callee = await cluster.On<IParticipantGrain>(1, "callee");
        _isOlder = true;
        var older = await Join(cluster, p);
        Assert.Equal(RollbackAbortReason.SilosDiffer, (await RollBack(cluster, p)).Reason);
        Assert.Contains(cluster.Outcomes.Log.All, line =>
            line.Level == LogLevel.Error && line.Text.StartsWith($"Silo {older.SiloAddress} has a version of AddCheckpointing that speaks differently.", StringComparison.Ordinal));

        // Should it hear of the recovery all the same, the test would not know whether it was waited for.
        cluster.Watch.BeforeInstall = silo => silo.Equals(older.SiloAddress) ? throw new InvalidOperationException("It was told facts that it may misread.") : Task.CompletedTask;
        var (chain, goOn) = await CallInto(p, callee);
        await cluster.Lose(1);
        Assert.Equal(callee.GetGrainId(), (await Assert.ThrowsAsync<RolledBackException>(() => chain)).GrainId);
        goOn.Set();
        await cluster.UntilRolledBack(orphan);
        await cluster.UntilRolledBack(p);
        await cluster.UntilRecovered();
        Assert.Equal((0, 0, 2), (await orphan.Get(), await p.Get(), cluster.RolledBack));
        Assert.Equal(CheckpointAbortReason.SilosDiffer, (await cluster.Outcomes.Checkpoint(p)).Reason);

        await cluster.Lose(older.SiloAddress);
        await p.Put(1);
        await Eventually.Holds(async () => (await cluster.Outcomes.Checkpoint(p)).Status == CheckpointStatus.Committed);
        await cluster.UntilRecovered();
    }

    private Task<RecoveryCluster> Start() => RecoveryCluster.Start(isPlain: () => _isPlain, configure: silo =>
    {
        if (_isOlder)
            silo.Services.AddSingleton<IGrainPropertiesProvider, OlderVersion>();
    });

    /// <summary>A silo joins. Returns when the coordinator knows what it is.</summary>
    private static async Task<InProcessSiloHandle> Join(RecoveryCluster cluster, IParticipantGrain witness)
    {
        var silo = await cluster.Outcomes.Silos.StartAdditionalSiloAsync();
        await cluster.Outcomes.Silos.WaitForLivenessToStabilizeAsync();
        await Eventually.Holds(async () => (await cluster.Outcomes.Checkpoint(witness)).Reason == CheckpointAbortReason.SilosDiffer);
        return silo;
    }

    /// <summary>A call that has begun to run in the callee, and does not end there in the callee's present life.</summary>
    private static async Task<(Task Chain, Signal GoOn)> CallInto(IParticipantGrain caller, IParticipantGrain callee)
    {
        var (running, goOn) = (new Signal(), new Signal());
        var runs = 0;
        var chain = caller.Put(1, self => self.Own(callee).Put(5, _ =>
        {
            running.Set();
            return Interlocked.Increment(ref runs) == 1 ? goOn.Happens : Task.CompletedTask;
        }));
        await running.Happens;
        return (chain, goOn);
    }

    private static Task<RollbackResult> RollBack(RecoveryCluster cluster, IAddressable grain) =>
        cluster.Outcomes.Coordinator.RollBack(grain.GetGrainId(), TestContext.Current.CancellationToken).WithTimeLimit();

    private static Task<RollbackResult> Preview(RecoveryCluster cluster, IAddressable grain) =>
        cluster.Outcomes.Coordinator.PreviewRollBack(grain.GetGrainId(), TestContext.Current.CancellationToken).WithTimeLimit();

    /// <summary>What the manifest of a silo with an earlier version says.</summary>
    private sealed class OlderVersion : IGrainPropertiesProvider
    {
        public void Populate(Type grainClass, GrainType grainType, Dictionary<string, string> properties)
        {
            if (grainClass == typeof(CheckpointCoordinatorGrain))
                properties[GrainRolePropertiesProvider.VersionProperty] = "1";
        }
    }
}
