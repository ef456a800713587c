using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg;

/// <summary>The number of one run of algorithm C.</summary>
internal readonly record struct RoundNumber(int Value);

/// <summary>A message of algorithm C itself, as opposed to a basic message of the computation.</summary>
internal abstract record ControlMessage(RoundNumber Round, ProcessName From, ProcessName To);

/// <summary>TAKE(last_rmsg_q(p)): "take a tentative checkpoint, if you sent me that message after your last one".</summary>
internal sealed record TakeTentative(RoundNumber Round, ProcessName From, ProcessName To, Label LastLabelReceived) : ControlMessage(Round, From, To)
{
    public override string ToString() => $"TAKE({LastLabelReceived}) {From}->{To}";
}

/// <summary>VOTE: the answer to TAKE.</summary>
internal sealed record Vote(RoundNumber Round, ProcessName From, ProcessName To, bool Yes) : ControlMessage(Round, From, To)
{
    public override string ToString() => $"VOTE({(Yes ? "yes" : "no")}) {From}->{To}";
}

/// <summary>The outcome of the round, from the daemon and from member to cohort.</summary>
internal abstract record Decision(RoundNumber Round, ProcessName From, ProcessName To) : ControlMessage(Round, From, To)
{
    /// <summary>The same decision, forwarded.</summary>
    public abstract Decision Forward(ProcessName from, ProcessName to);
}

/// <summary>COMMIT: "make your tentative checkpoint permanent".</summary>
internal sealed record MakePermanent(RoundNumber Round, ProcessName From, ProcessName To) : Decision(Round, From, To)
{
    public override Decision Forward(ProcessName from, ProcessName to) => new MakePermanent(Round, from, to);

    public override string ToString() => $"COMMIT {From}->{To}";
}

/// <summary>UNDO: "undo your tentative checkpoint".</summary>
internal sealed record UndoTentative(RoundNumber Round, ProcessName From, ProcessName To) : Decision(Round, From, To)
{
    public override Decision Forward(ProcessName from, ProcessName to) => new UndoTentative(Round, from, to);

    public override string ToString() => $"UNDO {From}->{To}";
}

/// <summary>The failure detector of the model: whoever awaits a vote of a failed process learns of it in finite time.</summary>
internal sealed record FailureNotice(RoundNumber Round, ProcessName From, ProcessName To) : ControlMessage(Round, From, To)
{
    public override string ToString() => $"FAILED({From}) ->{To}";
}
