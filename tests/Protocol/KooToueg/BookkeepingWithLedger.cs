using System.Collections.Immutable;
using System.Diagnostics;
using Checkpointing.Protocol.Consistency;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.Tests.KooToueg;

/// <summary>
/// The paper's bookkeeping with the library's <see cref="Ledger"/> beside it, which is told of the same events. After each of them both must remember the same:
/// last_rmsg and first_smsg of every process.
/// </summary>
/// <param name="id">Whose.</param>
/// <param name="everybody">All processes.</param>
/// <param name="differences">Told of everything in which the two differ.</param>
internal sealed class BookkeepingWithLedger(ProcessName id, ImmutableArray<ProcessName> everybody, List<string> differences) : Bookkeeping
{
    private readonly Ledger _ledger = new(LifeOf(id), CheckpointMark.Initial);

    /// <summary>W of the library, read where first_smsg starts: at the last checkpoint that is not undone.</summary>
    public CheckpointMark Mark => _ledger.Tentative?.Mark ?? _ledger.PermanentMark;

    public static MessageLabel LabelOf(ProcessName process, Label label) => new(LifeOf(process).Incarnation, label.Value);

    public override void RecordSend(TraceMessage message)
    {
        base.RecordSend(message);
        var stamp = _ledger.Send(ParticipantId.Named(message.To.ToString()));
        Compare("the label", Label.Of(message.Label), stamp.Sequence);
        CompareAll();
    }

    public override void RecordReceipt(TraceMessage message)
    {
        base.RecordReceipt(message);
        _ledger.Receive(new MessageStamp(LifeOf(message.From), message.Label.Value));
        CompareAll();
    }

    public override void AtTentative()
    {
        base.AtTentative();
        _ledger.TakeTentative();
        CompareAll();
    }

    public override void AtCommit()
    {
        base.AtCommit();
        _ledger.MakePermanent();
        CompareAll();
    }

    public override void AtUndo()
    {
        base.AtUndo();
        _ledger.UndoTentative();
        CompareAll();
    }

    public override void AtRestart() => throw new UnreachableException("A restart begins a new life with a ledger of its own.");

    private static Life LifeOf(ProcessName process) => new(ParticipantId.Named(process.ToString()), new Incarnation(1, new Guid(process.ToString()[0], 0, 0, new byte[8])));

    private void CompareAll()
    {
        foreach (var process in everybody)
        {
            Compare($"last_rmsg({process})", LastLabelReceived.GetValueOrDefault(process), _ledger.Received.LastLabelReceived(LifeOf(process)).Sequence);
            Compare($"first_smsg({process})", FirstLabelSent.GetValueOrDefault(process), _ledger.Sent.FirstLabelSent(ParticipantId.Named(process.ToString())));
            Compare(
                $"last_rmsg({process}) since the permanent checkpoint",
                LastReceivedSincePermanent(process),
                _ledger.AllReceipts().Where(receipt => receipt.Sender.Equals(LifeOf(process))).Select(receipt => receipt.Sequence).SingleOrDefault());
        }
    }

    private void Compare(string what, Label paper, long ledger)
    {
        if (paper != (ledger == 0 ? Label.Bottom : Label.Of(ledger)))
        {
            differences.Add($"{id}: {what} is {paper}, the ledger says {ledger}");
        }
    }
}

/// <summary>A process of algorithm C that is asked with a label and compares its answer with what the library's mark says.</summary>
internal sealed class ProcessWithLedger(
    ProcessName id, Network network, Observations observations, BookkeepingWithLedger books, bool sendsWhileTentative, List<string> differences, Action<bool, bool> onAsked)
    : Process(id, network, observations, books)
{
    /// <summary>The paper's processes wait for the decision. Those of the library do not, so their mark must stand at the tentative instant, not at the commit.</summary>
    public override bool MaySend => sendsWhileTentative || base.MaySend;

    protected override bool SentSinceLastCheckpoint(TakeTentative take)
    {
        var paper = base.SentSinceLastCheckpoint(take);
        if (take.From != Daemon.Id)
        {
            var label = BookkeepingWithLedger.LabelOf(Id, take.LastLabelReceived);
            onAsked(Tentative is not null, paper);
            if (paper == books.Mark.Covers(label))
            {
                differences.Add($"{Id}: the paper says {paper} to {take.From}'s {label}, but the mark is {books.Mark}");
            }
        }

        return paper;
    }
}
