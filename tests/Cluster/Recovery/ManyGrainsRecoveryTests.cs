using System.Diagnostics;
using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Outcomes;
using Checkpointing.Cluster.Tests.Rounds;
using Orleans.Configuration;

namespace Checkpointing.Cluster.Tests.Recovery;

/// <summary>After a loss every participant of every silo looks at its own receipts, also the many that have nothing to do with it. 100,000 of them with CHECKPOINTING_SOAK=1.</summary>
[Collection(nameof(UnderLoad))]
public sealed class ManyGrainsRecoveryTests
{
    private const int Orphans = 10;
    private const int CallersPerHub = 100;

    private static readonly int Bystanders = Soak.IsOn ? 100_000 : 2_000;

    private static readonly TimeSpan NoticeLimit = TimeSpan.FromSeconds(2);

    /// <summary>RB-21 would let those go on who are ready.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    [Fact]
    public async Task Many_grains_that_depend_on_nothing_lost_do_not_hold_up_those_that_do()
    {
        await using var cluster = await RecoveryCluster.Start(configure: silo => silo.Configure<ClusterMembershipOptions>(membership => membership.TableRefreshTimeout = NoticeLimit));
        var bystanders = new List<IParticipantGrain>();
        for (var first = 0; first < Bystanders; first += CallersPerHub)
        {
            var hub = await cluster.On<IParticipantGrain>(0, $"hub{first}");
            var callers = Enumerable.Range(first, CallersPerHub).Select(i => cluster.Outcomes.New<IParticipantGrain>($"bystander{i}")).ToList();
            bystanders.AddRange(callers);
            await Task.WhenAll(callers.Select(caller => Placed.On(cluster.SiloOf(0).SiloAddress, () => caller.Put(1, self => self.Own(hub).Put(1))))).WithTimeLimit();
        }

        for (var i = 0; i < Orphans; i++)
        {
            await cluster.OrphanToBe(name: $"orphan{i}");
        }

        // RB-10: whoever begins shortly before a loss writes a fence, which is not what is measured here.
        await Task.Delay(NoticeLimit, TestContext.Current.CancellationToken);
        await cluster.Lose(1);
        var sinceNoticed = Stopwatch.StartNew();
        await Eventually.Holds(() => cluster.RolledBack == Orphans);
        Report.Write($"{Bystanders} bystanders, {Orphans} orphans: all rolled back {sinceNoticed.Elapsed.TotalMilliseconds:F0} ms after all silos had noticed the loss");
        Assert.True(sinceNoticed.Elapsed < Limit, $"{sinceNoticed.Elapsed}");
        await cluster.UntilRecovered();
        Assert.Equal(Orphans, cluster.RolledBack);
        Assert.Equal(1, await bystanders[^1].Get());
    }
}
