namespace Checkpointing.Protocol.RollbackAlgorithm;

/// <summary>
/// RB-20, at the silo of the callee: copies of calls that were sent under an older membership than this are not run any more. Once every silo has been told, whoever has lost a call
/// with a silo can send it again: a copy that is still on its way, because that silo has passed it on, finds no one.
/// </summary>
/// <param name="joinedAt">The membership in which this silo became active. Every cut-off that it was not told of is older.</param>
internal sealed class CallCutOff(long joinedAt)
{
    /// <summary>What a call carries that is never sent again.</summary>
    public const long Unchecked = 0;

    private long _version = joinedAt;

    /// <summary>From any thread.</summary>
    public bool Refuses(long sentUnder) => sentUnder != Unchecked && sentUnder < Volatile.Read(ref _version);

    /// <summary>From any thread; it never falls.</summary>
    public void Raise(long version)
    {
        for (var known = Volatile.Read(ref _version); known < version;)
        {
            var seen = Interlocked.CompareExchange(ref _version, version, known);
            if (seen == known)
            {
                return;
            }

            known = seen;
        }
    }
}

/// <summary>What may become of a call of a participant to a participant whose callee was lost with its silo, or has rolled back.</summary>
internal enum LostCall
{
    /// <summary>RB-19: nothing of it can ever be permanent, and the copy is gone: it is sent again as it is.</summary>
    SendAgain,

    /// <summary>RB-20: the copy may have run, or may still run. First the cut-off, and the callee says whether it has received the label.</summary>
    CutOffFirst,

    /// <summary>K1: nobody can tell; its caller rolls back.</summary>
    IsLost,
}

/// <summary>The rules for calls whose callee is gone.</summary>
internal static class LostCalls
{
    /// <summary>The callee has run it, or has begun to, and that is undone; or its answer is.</summary>
    public static LostCall OnUndone(long sentUnder) => sentUnder == CallCutOff.Unchecked ? LostCall.IsLost : LostCall.SendAgain;

    /// <summary>The silo to which it was sent is gone.</summary>
    /// <param name="sentUnder">The membership that its sender knew when it was sent.</param>
    /// <param name="known">The one that it knows now. If that is the same, a cut-off would not stop the copy.</param>
    public static LostCall OnSiloGone(long sentUnder, long known) =>
        sentUnder == CallCutOff.Unchecked || sentUnder >= known ? LostCall.IsLost : LostCall.CutOffFirst;
}
