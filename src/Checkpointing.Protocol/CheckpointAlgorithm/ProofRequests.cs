using System.Collections.Immutable;

namespace Checkpointing.Protocol.CheckpointAlgorithm;

/// <summary>
/// CP-14: members of rounds that were committed a while ago, and that no later round has drawn in, are asked to prove it by their own storage: a few
/// at a time, and those that do not answer less and less often. After each pass the record drops what is proven.
/// </summary>
internal sealed class ProofRequests(UnprovenDecisions unproven, DecisionRecordWriter writer, ImmutableArray<CoordinatorEffect>.Builder effects)
{
    /// <summary>So many are asked before the host's pause.</summary>
    public const int MostAtOnce = 64;

    private long _pass;
    private bool _isRunning;

    /// <summary>Something may have to be proven.</summary>
    public void Begin()
    {
        if (!_isRunning)
        {
            Continue();
        }
    }

    public void OnDue(RoundTimer timer, bool mayDrop)
    {
        var next = unproven.NextToAsk(timer.Round, _pass, MostAtOnce);
        foreach (var (participant, round) in next)
        {
            effects.Add(new SendToParticipant(participant, new ProveDecision(round)));
        }

        if (next.Count > 0)
        {
            effects.Add(new StartTimer(timer with { Kind = RoundTimerKind.NextProofsDue }));
            return;
        }

        _pass++;
        if (mayDrop)
        {
            writer.DropProven();
        }

        Continue();
    }

    private void Continue()
    {
        _isRunning = !unproven.IsEmpty || writer.HasProvenRuns;
        if (_isRunning)
        {
            effects.Add(new StartTimer(new RoundTimer(RoundTimerKind.ProofsDue, writer.Record.LastCommitted)));
        }
    }
}
