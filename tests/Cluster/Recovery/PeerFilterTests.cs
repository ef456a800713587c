using Checkpointing.Protocol.Labels;
using Checkpointing.Runtime.Participants;

namespace Checkpointing.Cluster.Tests.Recovery;

/// <summary>A set that may be too large but never too small.</summary>
public sealed class PeerFilterTests
{
    private const int Peers = 200;

    [Fact]
    public void Whoever_was_added_is_found_by_participant_and_by_silo_also_after_a_reset_that_keeps_it()
    {
        var filter = new PeerFilter();
        var lives = Enumerable.Range(1, Peers).Select(LifeOf).ToList();
        foreach (var life in lives)
        {
            filter.Add(life);
            AssertFinds(filter, life);
        }

        Assert.All(lives, life => AssertFinds(filter, life));
        filter.Reset(lives.Take(3).Select(life => new Receipt(life, 1)));
        Assert.All(lives.Take(3), life => AssertFinds(filter, life));
        Assert.InRange(lives.Skip(3).Count(life => filter.Meets(Of(life.Participant))), 0, Peers / 5);
        Assert.InRange(lives.Skip(3).Count(life => filter.Meets(Of(life.Silo))), 0, Peers / 5);

        filter.Reset([]);
        Assert.DoesNotContain(lives, life => filter.Meets(Of(life.Participant)) || filter.Meets(Of(life.Silo)));
    }

    private static void AssertFinds(PeerFilter filter, Life life)
    {
        Assert.True(filter.Meets(Of(life.Participant)), $"{life}");
        Assert.True(filter.Meets(Of(life.Silo)), $"{life.Silo}");
    }

    private static PeerFilter Of(ParticipantId participant)
    {
        var filter = new PeerFilter();
        filter.Add(participant);
        return filter;
    }

    private static PeerFilter Of(SiloId silo)
    {
        var filter = new PeerFilter();
        filter.Add(silo);
        return filter;
    }

    private static Life LifeOf(int number) => new(ParticipantId.Named($"p{number}"), new Incarnation(1, new Guid(number, 0, 0, new byte[8])), new SiloId((ulong)number * 7919));
}
