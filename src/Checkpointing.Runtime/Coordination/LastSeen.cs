using Checkpointing.Protocol.Labels;

namespace Checkpointing.Runtime.Coordination;

/// <summary>
/// On which silo each participant was heard of last. Of one that has not been heard of for a while that is forgotten: it is found again when it is needed, and there may have been any
/// number of them.
/// </summary>
internal sealed class LastSeen(TimeProvider time)
{
    /// <summary>So long it is remembered at least, and about twice as long at most.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromMinutes(10);

    private Dictionary<ParticipantId, SiloAddress> _recent = [];
    private Dictionary<ParticipantId, SiloAddress> _earlier = [];
    private long _since = time.GetTimestamp();

    public int Count => _recent.Count + _earlier.Count;

    public void IsAt(ParticipantId participant, SiloAddress silo)
    {
        if (time.GetElapsedTime(_since) > Memory)
        {
            (_earlier, _recent, _since) = (_recent, [], time.GetTimestamp());
        }

        _recent[participant] = silo;
        _earlier.Remove(participant);
    }

    /// <summary>Null if nobody knows.</summary>
    public SiloAddress? SiloOf(ParticipantId participant) =>
        _recent.TryGetValue(participant, out var silo) || _earlier.TryGetValue(participant, out silo) ? silo : null;

    public void IsNotAt(ParticipantId participant, SiloAddress silo)
    {
        if (silo.Equals(SiloOf(participant)))
        {
            _recent.Remove(participant);
            _earlier.Remove(participant);
        }
    }
}
