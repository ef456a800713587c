using Checkpointing.Protocol.RollbackAlgorithm;

namespace Checkpointing.Runtime.Silos;

/// <summary>
/// RB-20 on this silo: refuses calls that were sent under too old a line, and has all other silos do the same before a call is sent again of which nobody knows whether it has arrived.
/// </summary>
internal sealed class CallCutOffs(ISiloStatusOracle silos, SilosThatDiffer differing, IClusterMembershipService membership, AgentCalls agents, TimeProvider time)
{
    private static readonly TimeSpan PauseBetweenAttempts = TimeSpan.FromMilliseconds(50);

    // Then a silo is unreachable and yet not declared dead; whoever waits has given up long ago.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private readonly CallCutOff _here = new(joinedAt: 0);
    private readonly Lock _lock = new();
    private volatile bool _isActive;
    private (long Line, Task Task) _last = (0, Task.CompletedTask);

    public long MembershipVersion => membership.CurrentSnapshot.Version.Value;

    public bool IsAnySiloLeaving => membership.CurrentSnapshot.Members.Values.Any(static member => member.Status is SiloStatus.ShuttingDown or SiloStatus.Stopping);

    /// <summary>Under which calls are sent from here.</summary>
    public long Line => Math.Max(CallCutOff.FirstLineOf(MembershipVersion), _here.Line);

    /// <summary>From any thread. Before this silo knows in which membership it became active it does not know either which cut-offs it has missed.</summary>
    public bool Refuses(long sentUnder) => sentUnder != CallCutOff.Unchecked && (!NoticeActive() || _here.Refuses(sentUnder));

    /// <summary>Another silo, or this one, is about to send calls again, or refuses calls under an older line. Callers from here are to know as much.</summary>
    public void RaiseHere(long line) => _here.Raise(line);

    /// <summary>Completes when no silo runs calls any more that were sent under a line older than this. Fails if one is unreachable.</summary>
    public Task RaiseEverywhere(long line)
    {
        lock (_lock)
        {
            if (_last.Line < line || _last.Task is { IsCompleted: true, IsCompletedSuccessfully: false })
            {
                // For all grains of this silo, so not in the turns of the first that asks.
                _last = (line, Task.Run(() => Raise(line)));
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

        _here.Raise(CallCutOff.FirstLineOf(snapshot.Version.Value));
        return _isActive = true;
    }

    private async Task Raise(long line)
    {
        RaiseHere(line);

        // A silo that is not active in this membership becomes so in a later one.
        await membership.Refresh(new MembershipVersion(CallCutOff.MembershipOf(line)));
        await Task.WhenAll(membership.CurrentSnapshot.SilosWithGrains().Where(silo => !silo.Equals(silos.SiloAddress)).Select(silo => RaiseAt(silo, line)));
    }

    private async Task RaiseAt(SiloAddress other, long line)
    {
        var began = time.GetTimestamp();
        while (membership.CurrentSnapshot.GetSiloStatus(other) != SiloStatus.Dead && differing.LibraryOf(other) is var library and not SiloLibrary.None)
        {
            if (library == SiloLibrary.OtherVersion)
            {
                throw new InvalidOperationException($"Silo {other} has a version that speaks differently: nobody knows whether it still runs calls that were sent before.");
            }

            try
            {
                await agents.To(other, agent => agent.CutOffCalls(line));
                return;
            }
            catch (Exception) when (time.GetElapsedTime(began) < Limit && silos.CurrentStatus != SiloStatus.Dead)
            {
                await Task.Delay(PauseBetweenAttempts, time);
            }
        }
    }
}
