using System.Net;
using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Protocol.Labels;
using Checkpointing.Runtime.Coordination;

namespace Checkpointing.Cluster.Tests.Coordination;

/// <summary>RB-23 for whereabouts that only the coordinator of rounds keeps.</summary>
public sealed class LastSeenTests
{
    private static readonly SiloAddress Here = SiloAddress.New(IPAddress.Loopback, 1, 1);
    private static readonly SiloAddress There = SiloAddress.New(IPAddress.Loopback, 2, 1);

    [Fact]
    public void Who_has_not_been_heard_of_for_long_is_forgotten_and_nobody_else()
    {
        var clock = new Clock();
        var seen = new LastSeen(clock);
        var (silent, heard) = (ParticipantId.Named("silent"), ParticipantId.Named("heard"));
        seen.IsAt(silent, Here);
        for (var minutes = 0; minutes < 40; minutes += 5)
        {
            if (minutes is <= 10 or >= 35)
                Assert.Equal(minutes <= 10 ? Here : null, seen.SiloOf(silent));

            seen.IsAt(heard, minutes % 10 == 0 ? Here : There);
            clock.Now += TimeSpan.FromMinutes(5);
        }

        Assert.Equal((There, 1), (seen.SiloOf(heard), seen.Count));
    }

    [Fact]
    public void Who_is_not_there_is_forgotten_unless_it_was_heard_of_elsewhere_since()
    {
        var seen = new LastSeen(new Clock());
        var (gone, moved) = (ParticipantId.Named("gone"), ParticipantId.Named("moved"));
        seen.IsAt(gone, Here);
        seen.IsAt(moved, There);
        seen.IsNotAt(gone, Here);
        seen.IsNotAt(moved, Here);
        Assert.Equal((null, There), (seen.SiloOf(gone), seen.SiloOf(moved)));
    }
}
