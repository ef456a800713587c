using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Simulation.Tests.Runtime;

namespace Checkpointing.Simulation.Tests.Checkers;

/// <summary>
/// RB-1: a fact never changes. Once somebody has said where a life ended, the permanent checkpoint of its participant says the same, then and
/// ever after; or nothing any more, if that life is too old (RB-22).
/// </summary>
internal sealed class LifeEndChecker(SimulatedCluster cluster)
{
    private readonly Dictionary<string, HashSet<LifeEnd>> _said = [];
    private readonly Dictionary<string, IncarnationTable> _tables = [];
    private readonly Dictionary<Incarnation, long> _forgotten = [];

    /// <summary>Whether this label counts, and its sender has forgotten that.</summary>
    public bool IsForgotten(Receipt receipt) => _forgotten.TryGetValue(receipt.Sender.Incarnation, out var end) && receipt.Sequence <= end;

    public void OnSaid(ToRollbackCoordinator message)
    {
        switch (message)
        {
            case LifeEnded ended:
                OnSaid(ended.End);
                break;
            case ReadyToRollBack ready:
                OnSaid(ready.End);
                break;
            case LabelsCount { Life.Silo.IsUnknown: true } counts:
                OnSaid(counts);
                break;
        }
    }

    public void OnPermanent(string participant, SlotRecord? permanent)
    {
        var table = permanent?.Head.Mark.Table() ?? IncarnationTable.Empty;
        foreach (var end in _tables.GetValueOrDefault(participant, IncarnationTable.Empty).Ends.Where(end => table.Ends.All(other => other.Incarnation != end.Incarnation)))
        {
            _forgotten.Add(end.Incarnation, end.Sequence);
        }

        _tables[participant] = table;
        foreach (var end in _said.GetValueOrDefault(participant) ?? [])
        {
            Compare(end, permanent);
        }
    }

    private void OnSaid(LifeEnd end)
    {
        var participant = end.Life.Participant.ToString();
        if (!_said.TryGetValue(participant, out var said))
        {
            _said[participant] = said = [];
        }

        said.Add(end);
        Compare(end, PermanentCut.Of(cluster, participant).Permanent);
    }

    private void OnSaid(LabelsCount counts)
    {
        if (Remembered(counts.Life, PermanentCut.Of(cluster, counts.Life.Participant.ToString()).Permanent) < counts.LastLabel)
        {
            cluster.Judges.Report("facts", $"it was said that the labels of {counts.Life} count up to {counts.LastLabel}, and no permanent checkpoint remembers that");
        }
    }

    private void Compare(LifeEnd end, SlotRecord? permanent)
    {
        var remembered = Remembered(end.Life, permanent);
        if (remembered != end.LastSequence && !(end.LastSequence == 0 && _forgotten.ContainsKey(end.Life.Incarnation)))
        {
            cluster.Judges.Report("facts", $"it was said that {end}, and the permanent checkpoint remembers its labels up to {remembered}");
        }
    }

    private long Remembered(Life life, SlotRecord? permanent) => _forgotten.TryGetValue(life.Incarnation, out var end)
        ? end
        : permanent?.Head.Mark.Table().Ends.FirstOrDefault(other => other.Incarnation == life.Incarnation).Sequence ?? 0;
}
