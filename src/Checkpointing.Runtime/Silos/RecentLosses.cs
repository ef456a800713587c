namespace Checkpointing.Runtime.Silos;

/// <summary>Which silos are gone, as far as the membership has told this silo, and whether that was just now.</summary>
/// <param name="silo">This silo.</param>
/// <param name="noticeLimit">So long after a loss the last silo has heard of it.</param>
/// <param name="time">The clock.</param>
internal sealed class RecentLosses(SiloAddress silo, TimeSpan noticeLimit, TimeProvider time)
{
    private readonly HashSet<SiloAddress> _alive = [];
    private readonly HashSet<SiloAddress> _gone = [];
    private long _lastNoticed;
    private long _lastWitnessed;

    /// <summary>A silo was found to be gone, perhaps one that was gone long before this silo began. From any thread.</summary>
    public bool HasJustNoticed => IsRecent(_lastNoticed);

    /// <summary>A silo is gone that was there when this one was: calls from here may have been under way to it. From any thread.</summary>
    public bool HasJustWitnessed => IsRecent(_lastWitnessed);

    /// <summary>The silos that this membership says are gone, and no earlier one did.</summary>
    public List<SiloAddress> Notice(ClusterMembershipSnapshot membership)
    {
        var gone = new List<SiloAddress>();
        foreach (var member in membership.Members.Values.Where(member => !member.SiloAddress.Equals(silo)))
        {
            if (member.Status != SiloStatus.Dead)
            {
                _alive.Add(member.SiloAddress);
            }
            else if (_gone.Add(member.SiloAddress))
            {
                gone.Add(member.SiloAddress);
            }
        }

        if (gone.Count > 0)
        {
            _lastNoticed = time.GetTimestamp();
        }

        if (_alive.Overlaps(gone))
        {
            _alive.ExceptWith(gone);
            _lastWitnessed = time.GetTimestamp();
        }

        return gone;
    }

    private bool IsRecent(long when) => when != 0 && time.GetElapsedTime(when) < noticeLimit;
}
