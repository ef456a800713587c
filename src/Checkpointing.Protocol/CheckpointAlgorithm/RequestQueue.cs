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
    /// request that waits for the next round too: it would be served only after this one, which waits for its chain. It is served all the same.
    /// </summary>
    public void RefuseAwaitedBy(CheckpointRound round, ParticipantId joined)
    {
        foreach (var request in round.Requests.Where(request => request.AwaitedBy.Contains(joined)).ToList())
        {
            round.Requests.Remove(request);
            Refuse(request, "the round goes on, and commits when that chain has ended, unless something else fails");
        }

        for (var i = 0; i < _waiting.Count; i++)
        {
            if (_waiting[i].AwaitedBy.Contains(joined))
            {
                Refuse(_waiting[i], "the round that runs goes on, and when it has ended another one begins for this request");
                _waiting[i] = _waiting[i] with { AwaitedBy = [], IsAnswered = true };
            }
        }

        void Refuse(CheckpointRequest request, string detail) => Complete(request, request.GivenUp(round.Number, AbortReason.AwaitedInsideRound, joined, detail));
    }

    /// <summary>The round has ended. Returns whether a request is to be tried again, after a pause.</summary>
    public bool Settle(CheckpointRound round, RoundReport report)
    {
        var leftOut = report.LeftOut.DistinctBy(member => member.Participant).ToDictionary(member => member.Participant);
        var retry = false;
        foreach (var request in round.Requests)
        {
            var all = report.After(request.Earlier);
            retry |= Settle(request, all with { LeftOut = all.LeftOut.RemoveAll(member => request.IsSettled(member.Participant)) }, leftOut);
        }

        if (retry)
        {
            effects.Add(new StartTimer(new RoundTimer(RoundTimerKind.RetryDue, round.Number, _waiting.Max(request => request.Attempts))));
        }

        return retry;
    }

    private bool Settle(CheckpointRequest request, RoundReport report, Dictionary<ParticipantId, LeftOutMember> leftOut)
    {
        var failed = request.Remaining.Where(leftOut.ContainsKey).Select(initiator => leftOut[initiator]).ToLookup(member => IsWorthAnotherAttempt(member.Reason));
        var (again, final) = (failed[true].ToList(), failed[false]);
        ImmutableArray<LeftOutMember> gaveUp = [.. report.LeftOut.Where(request.Earlier.LeftOut.Contains), .. final];

        // K14: what is too busy may wait, through others, for the very caller. It is told within the pause bound, and its chain can end.
        var mayBeAwaited = !request.AwaitedBy.IsEmpty && again.Exists(member => member.Reason == AbortReason.TooBusy);
        if (again.Count == 0 || mayBeAwaited || request.Attempts + 1 >= limits.MaxAttempts)
        {
            Complete(request, request.Outcome(report, [.. gaveUp, .. again]));
            return false;
        }

        _waiting.Add(request with
        {
            Remaining = [.. again.Select(member => member.Participant)],
            Attempts = request.Attempts + 1,
            Earlier = report with { LeftOut = gaveUp },
        });
        return true;
    }

    private static bool IsWorthAnotherAttempt(AbortReason reason) => reason is AbortReason.TooBusy or AbortReason.Lost or AbortReason.StillInDoubt;

    /// <summary>This life ends: the next one must be asked.</summary>
    public void RefuseAll(IEnumerable<CheckpointRequest> inRound, string detail)
    {
        foreach (var request in _waiting.Concat(inRound))
        {
            Refuse(request, detail);
        }

        _waiting.Clear();
    }

    public void Refuse(CheckpointRequest request, string detail) =>
        Answer(request, request.GivenUp(RoundNumber.None, AbortReason.Superseded, null, detail), request.Attempts);

    private void Complete(CheckpointRequest request, CheckpointOutcome outcome) => Answer(request, outcome, request.Attempts + 1);

    private void Answer(CheckpointRequest request, CheckpointOutcome outcome, int attempts)
    {
        if (!request.IsAnswered)
        {
            effects.Add(new CompleteRequest(request.Id, outcome, attempts));
        }
    }
}
