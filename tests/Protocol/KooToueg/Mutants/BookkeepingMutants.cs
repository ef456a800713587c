using System.Collections.Immutable;
using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg.Mutants;

/// <summary>Trap T2: forgets at the commit what was received since the tentative checkpoint.</summary>
internal sealed class LastLabelReceivedClearedAtCommit : Bookkeeping
{
    public override void AtCommit()
    {
        base.AtCommit();
        LastLabelReceived = ImmutableSortedDictionary<ProcessName, Label>.Empty;
    }
}

/// <summary>Trap T3: an undone tentative checkpoint keeps counting as the last one.</summary>
internal sealed class UndoDoesNotRestore : Bookkeeping
{
    public override void AtUndo() => DropWhatWasSetAside();
}

/// <summary>Half of trap T3: restores the senders, but not to whom was sent.</summary>
internal sealed class UndoDoesNotRestoreFirstLabelSent : Bookkeeping
{
    public override void AtUndo()
    {
        var since = FirstLabelSent;
        base.AtUndo();
        FirstLabelSent = since;
    }
}

/// <summary>Half of trap T3: restores to whom was sent, but not the senders.</summary>
internal sealed class UndoDoesNotRestoreLastLabelReceived : Bookkeeping
{
    public override void AtUndo()
    {
        var since = LastLabelReceived;
        base.AtUndo();
        LastLabelReceived = since;
    }
}

/// <summary>Undo overwrites what was received since the tentative checkpoint instead of taking the maximum.</summary>
internal sealed class UndoForgetsLaterReceipts : Bookkeeping
{
    public override void AtUndo()
    {
        LastLabelReceived = LastLabelReceivedBefore;
        base.AtUndo();
    }
}

/// <summary>Trap T1: first_smsg starts anew at the commit instead of at the tentative checkpoint.</summary>
internal sealed class FirstLabelSentResetAtCommit : Bookkeeping
{
    public override void AtTentative()
    {
        base.AtTentative();
        FirstLabelSent = FirstLabelSentBefore;
    }

    public override void AtCommit()
    {
        base.AtCommit();
        FirstLabelSent = ImmutableSortedDictionary<ProcessName, Label>.Empty;
    }
}
