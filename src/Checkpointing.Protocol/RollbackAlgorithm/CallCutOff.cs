namespace Checkpointing.Protocol.RollbackAlgorithm;

/// <summary>
/// RB-20, at the silo of the callee: copies of calls that were sent under an older line than this are not run any more. Once every silo has been told, whoever does not know whether
/// a call has arrived can send it again: a copy that is still on its way finds no one.
/// </summary>
/// <param name="joinedAt">The first line of the membership in which this silo became active. Every cut-off that it was not told of is older.</param>
internal sealed class CallCutOff(long joinedAt)
{
    /// <summary>What a call carries that is never sent again.</summary>
    public const long Unchecked = 0;

    // So many lines can be drawn under one membership. If there were more, a silo that joins next would not refuse what the last of them cut off.
    private const int BitsOfNumber = 24;

    private long _line = joinedAt;

    /// <summary>The youngest line that is known here.</summary>
    public long Line => Volatile.Read(ref _line);

    /// <summary>The first line of a membership: above all lines of earlier ones.</summary>
    public static long FirstLineOf(long membershipVersion) => membershipVersion << BitsOfNumber;

    public static long MembershipOf(long line) => line >> BitsOfNumber;

    /// <summary>From any thread.</summary>
    public bool Refuses(long sentUnder) => sentUnder != Unchecked && sentUnder < Line;

    /// <summary>From any thread; it never falls.</summary>
    public void Raise(long line)
    {
        for (var known = Line; known < line;)
        {
            var seen = Interlocked.CompareExchange(ref _line, line, known);
            if (seen == known)
            {
                return;
            }

            known = seen;
        }
    }
}

/// <summary>What may become of a call of a participant to a participant whose callee was lost with its silo, or has rolled back, or that may not have arrived.</summary>
internal enum LostCall
{
    /// <summary>RB-19: nothing of it can ever be permanent, and the copy is gone: it is sent again as it is.</summary>
    SendAgain,

    /// <summary>RB-20: the copy may have run, or may still run. First the cut-off, and the callee says whether it has received the label.</summary>
    CutOffFirst,

    /// <summary>K1: nobody can tell; its caller rolls back.</summary>
    IsLost,
}

/// <summary>The rules for calls whose callee is gone, or is out of reach.</summary>
internal static class LostCalls
{
    /// <summary>The callee has run it, or has begun to, and that is undone; or its answer is.</summary>
    public static LostCall OnUndone(long sentUnder) => sentUnder == CallCutOff.Unchecked ? LostCall.IsLost : LostCall.SendAgain;

    /// <summary>The silo to which it was sent is gone.</summary>
    public static LostCall OnSiloGone(long sentUnder) => sentUnder == CallCutOff.Unchecked ? LostCall.IsLost : LostCall.CutOffFirst;

    /// <summary>The line that stops every copy which was sent under that one.</summary>
    /// <param name="sentUnder">The line that its sender knew when it was sent.</param>
    /// <param name="known">The one that it knows now.</param>
    public static long LineThatStops(long sentUnder, long known) => Math.Max(sentUnder + 1, known);
}
