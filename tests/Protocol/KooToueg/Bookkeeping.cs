using System.Collections.Immutable;
using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg;

/// <summary>
/// last_rmsg and first_smsg of one process, and what happens to them at the three instants of a round (rule B4). An absent entry is ⊥.
/// </summary>
internal class Bookkeeping
{
    private static readonly ImmutableSortedDictionary<ProcessName, Label> Empty = ImmutableSortedDictionary<ProcessName, Label>.Empty;

    /// <summary>last_rmsg_p(q): the largest label received from q since the last permanent checkpoint.</summary>
    public ImmutableSortedDictionary<ProcessName, Label> LastLabelReceived { get; protected set; } = Empty;

    /// <summary>first_smsg_p(q): the smallest label sent to q since the last tentative or permanent checkpoint.</summary>
    public ImmutableSortedDictionary<ProcessName, Label> FirstLabelSent { get; protected set; } = Empty;

    /// <summary>last_rmsg up to the tentative checkpoint, while it is undecided.</summary>
    protected ImmutableSortedDictionary<ProcessName, Label> LastLabelReceivedBefore { get; private set; } = Empty;

    /// <summary>first_smsg up to the tentative checkpoint, while it is undecided.</summary>
    protected ImmutableSortedDictionary<ProcessName, Label> FirstLabelSentBefore { get; private set; } = Empty;

    public virtual void RecordSend(TraceMessage message)
    {
        if (!FirstLabelSent.ContainsKey(message.To))
        {
            FirstLabelSent = FirstLabelSent.Add(message.To, Label.Of(message.Label));
        }
    }

    /// <summary>A maximum, not the latest: the network may overtake.</summary>
    public virtual void RecordReceipt(TraceMessage message)
        => LastLabelReceived = Max(LastLabelReceived, message.From, Label.Of(message.Label));

    /// <summary>first_smsg_p(q); the daemon counts as having been sent ⊤, so that its TAKE(⊤) is always needed.</summary>
    public Label FirstSentTo(ProcessName process) => process == Daemon.Id ? Label.Top : FirstLabelSent.GetValueOrDefault(process);

    /// <summary>The largest label received from q since the last permanent checkpoint, whatever a tentative one has set aside (rule C5).</summary>
    public Label LastReceivedSincePermanent(ProcessName process)
        => Label.Max(LastLabelReceived.GetValueOrDefault(process), LastLabelReceivedBefore.GetValueOrDefault(process));

    /// <summary>Trap T1: first_smsg starts anew here, not at the commit.</summary>
    public virtual void AtTentative()
    {
        LastLabelReceivedBefore = LastLabelReceived;
        FirstLabelSentBefore = FirstLabelSent;
        LastLabelReceived = Empty;
        FirstLabelSent = Empty;
    }

    /// <summary>Trap T2: the permanent checkpoint is the tentative instant, so what was received since stays.</summary>
    public virtual void AtCommit() => DropWhatWasSetAside();

    /// <summary>Trap T3: the undone checkpoint never was, so what it had set aside counts again.</summary>
    public virtual void AtUndo()
    {
        foreach (var (process, label) in LastLabelReceivedBefore)
        {
            LastLabelReceived = Max(LastLabelReceived, process, label);
        }

        FirstLabelSent = FirstLabelSent.SetItems(FirstLabelSentBefore);
        DropWhatWasSetAside();
    }

    /// <summary>A process that failed or rolled back starts from its permanent checkpoint: everything since is gone.</summary>
    public virtual void AtRestart()
    {
        LastLabelReceived = Empty;
        FirstLabelSent = Empty;
        DropWhatWasSetAside();
    }

    protected void DropWhatWasSetAside()
    {
        LastLabelReceivedBefore = Empty;
        FirstLabelSentBefore = Empty;
    }

    private static ImmutableSortedDictionary<ProcessName, Label> Max(ImmutableSortedDictionary<ProcessName, Label> labels, ProcessName process, Label label)
        => labels.SetItem(process, Label.Max(labels.GetValueOrDefault(process), label));
}
