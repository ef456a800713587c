using System.Collections.Immutable;

namespace Checkpointing.Protocol.Consistency;

/// <summary>What a cut leaves open. It is consistent if and only if it has no orphan message.</summary>
internal sealed record CutClassification(ImmutableArray<TraceMessage> Orphans, ImmutableArray<TraceMessage> InTransit)
{
    public bool IsConsistent => Orphans.IsEmpty;

    public static CutClassification Of(Trace trace, Cut cut)
    {
        var state = GlobalState.Of(trace, cut);
        return new CutClassification(OrphanMessages.Of(state), InTransitMessages.Of(state));
    }
}
