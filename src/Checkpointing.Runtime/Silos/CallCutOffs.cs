using Checkpointing.Protocol.RollbackAlgorithm;

namespace Checkpointing.Runtime.Silos;

/// <summary>
/// RB-20 on this silo: refuses calls that were sent under too old a membership, and has all other silos do the same before a call that was lost with a silo is sent again.
/// </summary>
internal sealed class CallCutOffs(ISiloStatusOracle silos, SilosThatDiffer differing, IClusterMembershipService membership, AgentCalls agents, TimeProvider time)
{
    private static readonly TimeSpan PauseBetweenAttempts = TimeSpan.FromMilliseconds(50);

    // Then a silo is unreachable and yet not declared dead; whoever waits has given up long ago.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private readonly CallCutOff _here = new(joinedAt: 0);
    private readonly Lock _lock = new();
    private volatile bool _isActive;
    private (long Version, Task Task) _last = (0, Task.CompletedTask);

    /// <summary>The membership that is known here.</summary>
    public long Known => membership.CurrentSnapshot.Version.Value;

    /// <summary>From any thread. Before this silo knows in which membership it became active it does not know either which cut-offs it has missed.</summary>
    public bool Refuses(long sentUnder) => sentUnder != CallCutOff.Unchecked && (!NoticeActive() || _here.Refuses(sentUnder));

    /// <summary>What breaks calls off may have heard of a loss a moment before <see cref="Known"/> shows it.</summary>
    public async Task CatchUp() => await membership.Refresh();

    /// <summary>Another silo, or this one, is about to send calls again. Callers from here are to know as much.</summary>
    public async Task RaiseHere(long version)
    {
        _here.Raise(version);
        await membership.Refresh(new MembershipVersion(version));
    }

    /// <summary>Completes when no silo runs calls any more that were sent under a membership older than this. Fails if one is unreachable.</summary>
    public Task RaiseEverywhere(long version)
    {
        lock (_lock)
        {
            if (_last.Version < version || _last.Task is { IsCompleted: true, IsCompletedSuccessfully: false })
            {
                // For all grains of this silo, so not in the turns of the first that asks.
                _last = (version, Task.Run(() => Raise(version)));
            }

            return _last.Task;
        }
    }

    /// <summary>Whether this silo is active; then it notes in which membership. The sooner it is asked, the fewer calls are refused for nothing.</summary>
    public bool NoticeActive()
    {
        if (_isActive)
        {
            return true;
        }

        var snapshot = membership.CurrentSnapshot;
        if (snapshot.GetSiloStatus(silos.SiloAddress) is SiloStatus.None or SiloStatus.Created or SiloStatus.Joining)
        {
            return false;
        }

        _here.Raise(snapshot.Version.Value);
        return _isActive = true;
    }

    private async Task Raise(long version)
    {
        await RaiseHere(version);

        // A silo that is not active in this membership becomes so in a later one.
        await Task.WhenAll(membership.CurrentSnapshot.Members.Values
            .Where(member => member.Status is SiloStatus.Active or SiloStatus.ShuttingDown or SiloStatus.Stopping && !member.SiloAddress.Equals(silos.SiloAddress))
            .Select(member => RaiseAt(member.SiloAddress, version)));
    }

    private async Task RaiseAt(SiloAddress other, long version)
    {
        var began = time.GetTimestamp();
        while (membership.CurrentSnapshot.GetSiloStatus(other) != SiloStatus.Dead && differing.LibraryOf(other) is var library and not SiloLibrary.None)
        {
            if (library == SiloLibrary.OtherVersion)
            {
                throw new InvalidOperationException($"Silo {other} has a version that speaks differently: nobody knows whether it still runs calls that were sent under an earlier membership.");
            }

            try
            {
                await agents.To(other, agent => agent.CutOffCalls(version));
                return;
            }
            catch (Exception) when (time.GetElapsedTime(began) < Limit && silos.CurrentStatus != SiloStatus.Dead)
            {
                await Task.Delay(PauseBetweenAttempts, time);
            }
        }
    }
}
