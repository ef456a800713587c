using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Simulation.Tests.Runtime;

namespace Checkpointing.Simulation.Tests.Checkers;

/// <summary>
/// The permanent checkpoints that a restart at one instant would choose, read from storage alone by a rule of its own: the newest slot if the
/// record says that its round is committed, else the slot it was based on.
/// </summary>
internal static class PermanentCut
{
    public static (SlotRecord? Permanent, string? Damage) Of(SimulatedCluster cluster, string participant) =>
        Of(cluster.Slots.Peek($"{participant}/A"), cluster.Slots.Peek($"{participant}/B"), cluster.Record.Peek(CoordinatorHost.RecordKey));

    public static (SlotRecord? Permanent, string? Damage) Of(SlotRecord? a, SlotRecord? b, DecisionRecord? record)
    {
        if (a is null && b is null)
        {
            return (null, null);
        }

        var (newest, older) = a is null || (b is not null && b.Head.Generation > a.Head.Generation) ? (b!, a) : (a, b);
        if (newest.Head.Round != default && IsCommitted(newest.Head.Round, record))
        {
            return (newest, null);
        }

        if (newest.Head.BaseRound == default)
        {
            return (null, null);
        }

        return older is not null && older.Head.Round == newest.Head.BaseRound
            ? (older, null)
            : (null, $"round {newest.Head.Round} is not committed, and the checkpoint of round {newest.Head.BaseRound} that it was based on is gone");
    }

    private static bool IsCommitted(RoundNumber round, DecisionRecord? record)
    {
        foreach (var run in record?.CommittedRuns ?? [])
        {
            if (run.Epoch == round.Epoch && run.First <= round.Number && round.Number <= run.Last)
            {
                return true;
            }
        }

        return false;
    }
}
