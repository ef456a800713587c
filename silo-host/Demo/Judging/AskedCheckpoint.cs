namespace Checkpointing.SiloHost.Demo.Judging;

/// <summary>A request for a checkpoint of everything, and what may have become permanent by it, as an observer outside sees it.</summary>
/// <param name="askedAt">A moment before it was sent, in the judge's count.</param>
internal sealed class AskedCheckpoint(long askedAt)
{
    // Until an answer says who was taken: anybody, at any time.
    private long _answeredAt = long.MaxValue;
    private IReadOnlySet<string>? _taken;

    /// <summary>It was answered at this moment: these grains, and no others, have a new permanent checkpoint by it.</summary>
    public void Answered(long at, IReadOnlySet<string> taken) => (_answeredAt, _taken) = (at, taken);

    /// <summary>Whether a checkpoint of the grain that was taken for this request before <paramref name="until"/> may remember the transfer.</summary>
    public bool MayHaveTaken(string grain, SentTransfer transfer, long until) =>
        askedAt < until && transfer.SentAt < _answeredAt && _taken?.Contains(grain) != false;
}
