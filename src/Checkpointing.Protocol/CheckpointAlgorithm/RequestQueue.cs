using System.Collections.Immutable;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.CheckpointAlgorithm;

/// <summary>The requests that wait for the next round, and what becomes of those that a round has served: answered, or tried again (SPEC C6, K14).</summary>
internal sealed class RequestQueue(CoordinatorLimits limits, ImmutableArray<CoordinatorEffect>.Builder effects)
{
    private readonly List<CheckpointRequest> _waiting = [];

    public bool IsEmpty => _waiting.Count == 0;

    public void Add(CheckpointRequest request) => _waiting.Add(request);

    public ImmutableArray<CheckpointRequest> TakeAll()
    {
        var all = _waiting.ToImmutableArray();
        _waiting.Clear();
        return all;
    }

    /// <summary>
    /// K14: who waits for a checkpoint inside a chain that the round must drain is told so at once, and the chain can end. That holds for a
    /// request that waits for the next round too: it would be served only after this one, which waits for its chain.
    /// </summary>
    public void RefuseAwaitedBy(CheckpointRound round, ParticipantId joined)
    {
        foreach (var request in round.Requests.Concat(_waiting).Where(request => request.AwaitedBy.Contains(joined)).ToList())
        {
            _ = round.Requests.Remove(request) || _waiting.Remove(request);
            effects.Add(new CompleteRequest(
                request.Id,
                new CheckpointAborted(AbortReason.AwaitedInsideRound, joined, "the caller waits inside a call chain of this participant", round.Report(_ => false)),
                request.Attempts + 1));
        }
    }

    /// <summary>The round has ended. Returns whether a request is to be tried again, after a pause.</summary>
    public bool Settle(CheckpointRound round, RoundVote vote)
    {
        var retry = false;
        foreach (var request in round.Requests)
        {
            var outcome = vote.OutcomeOf(request, round);
            // K14: what is too busy may wait, through others, for the very caller. It is told within the pause bound, and its chain can end.
            var mayBeAwaited = outcome is CheckpointAborted { Reason: AbortReason.TooBusy } && !request.AwaitedBy.IsEmpty;
            if (outcome is CheckpointAborted { Reason: AbortReason.TooBusy or AbortReason.Lost or AbortReason.StillInDoubt }
                && !mayBeAwaited && request.Attempts + 1 < limits.MaxAttempts)
            {
                _waiting.Add(request with { Attempts = request.Attempts + 1 });
                retry = true;
            }
            else
            {
                effects.Add(new CompleteRequest(request.Id, outcome, request.Attempts + 1));
            }
        }

        if (retry)
        {
            effects.Add(new StartTimer(new RoundTimer(RoundTimerKind.RetryDue, round.Number, _waiting.Max(request => request.Attempts))));
        }

        return retry;
    }

    /// <summary>Another life has taken over: it must be asked.</summary>
    public void RefuseAll(IEnumerable<CheckpointRequest> inRound)
    {
        foreach (var request in _waiting.Concat(inRound))
        {
            Refuse(request, "another life of the coordinator has taken over");
        }

        _waiting.Clear();
    }

    public void Refuse(CheckpointRequest request, string detail) =>
        effects.Add(new CompleteRequest(request.Id, new CheckpointAborted(AbortReason.Superseded, null, detail, RoundReport.Empty), request.Attempts));
}
