namespace Checkpointing.Protocol.Labels;

/// <summary>
/// FirstLabelSent, first_smsg_p(q) of the paper: the smallest label sent to each receiver since the last checkpoint, tentative or permanent.
/// The mark answers the paper's predicate alone (see <see cref="CheckpointMark"/>); the table is kept because it names the roll cohort, and as the
/// second opinion that results report.
/// </summary>
internal sealed class SendTable
{
    private readonly Dictionary<ParticipantId, long> _firstLabels = [];

    public bool IsEmpty => _firstLabels.Count == 0;

    public IEnumerable<ParticipantId> Receivers => _firstLabels.Keys;

    public void Record(ParticipantId receiver, long sequence) => _firstLabels.TryAdd(receiver, sequence);

    /// <summary>FirstLabelSent to this receiver in the present life; 0 stands for ⊥.</summary>
    public long FirstLabelSent(ParticipantId receiver) => _firstLabels.GetValueOrDefault(receiver);

    public void Clear() => _firstLabels.Clear();

    public Dictionary<ParticipantId, long> Freeze() => new(_firstLabels);

    /// <summary>Puts back what was frozen at an undone checkpoint: the older first label wins.</summary>
    public void Restore(Dictionary<ParticipantId, long> frozen)
    {
        foreach (var (receiver, sequence) in frozen)
        {
            _firstLabels[receiver] = sequence;
        }
    }
}
