using System.Collections.Immutable;
using System.Net;
using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Runtime.Calls;
using Checkpointing.Runtime.Silos;

namespace Checkpointing.Cluster.Tests.Recovery;

/// <summary>After the loss of a silo a call that times out counts as lost; not because of one that was gone before this silo began.</summary>
public sealed class RecentLossesTests
{
    private static readonly TimeSpan NoticeLimit = TimeSpan.FromMinutes(1);
    private static readonly SiloAddress Here = SiloAddress.New(IPAddress.Loopback, 1, 1);
    private static readonly SiloAddress Other = SiloAddress.New(IPAddress.Loopback, 2, 1);
    private static readonly SiloAddress Gone = SiloAddress.New(IPAddress.Loopback, 3, 1);

    [Fact]
    public void A_silo_that_was_gone_before_this_one_began_may_have_earlier_lives_but_no_calls()
    {
        var losses = new RecentLosses(Here, NoticeLimit, new Clock());
        Assert.Equal([Gone], losses.Notice(Members((Here, SiloStatus.Joining), (Other, SiloStatus.Active), (Gone, SiloStatus.Dead))));
        Assert.Equal((true, false), (losses.HasJustNoticed, losses.HasJustWitnessed));
    }

    [Fact]
    public void A_loss_that_this_silo_has_seen_is_recent_until_all_have_heard_of_it()
    {
        var clock = new Clock();
        var losses = new RecentLosses(Here, NoticeLimit, clock);
        Assert.Empty(losses.Notice(Members((Here, SiloStatus.Active), (Other, SiloStatus.Active))));
        Assert.Equal((false, false), (losses.HasJustNoticed, losses.HasJustWitnessed));
        Assert.Equal([Other], losses.Notice(Members((Here, SiloStatus.Active), (Other, SiloStatus.Dead))));
        Assert.Equal((true, true), (losses.HasJustNoticed, losses.HasJustWitnessed));
        clock.Now += NoticeLimit;
        Assert.Empty(losses.Notice(Members((Here, SiloStatus.Active), (Other, SiloStatus.Dead))));
        Assert.Equal((false, false), (losses.HasJustNoticed, losses.HasJustWitnessed));
    }

    [Fact]
    public void Only_the_time_out_of_the_runtime_is_one_of_the_call()
    {
        Assert.True(Undone.IsTimeout(new TimeoutException("Response did not arrive on time in 00:00:30 for message: x.")));
        Assert.False(Undone.IsTimeout(new TimeoutException("storage 'x' did not answer (within 00:00:30)")));
    }

    private static ClusterMembershipSnapshot Members(params (SiloAddress Silo, SiloStatus Status)[] members) => new(
        members.ToImmutableDictionary(member => member.Silo, member => new ClusterMember(member.Silo, member.Status, member.Silo.ToString())), new MembershipVersion(1));
}
