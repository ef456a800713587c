using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg.Rollback;

/// <summary>PREPARE(last_smsg_q(p)): "prepare to roll back, if you have received from me a later message than that".</summary>
internal sealed record PrepareToRollBack(RoundNumber Round, ProcessName From, ProcessName To, Label LastLabelSent) : ControlMessage(Round, From, To)
{
    public override string ToString() => $"PREPARE({LastLabelSent}) {From}->{To}";
}

/// <summary>The answer to PREPARE: willing_to_roll of p and of everybody p had to ask.</summary>
internal sealed record RollbackVote(RoundNumber Round, ProcessName From, ProcessName To, bool Yes) : ControlMessage(Round, From, To)
{
    public override string ToString() => $"ROLLVOTE({(Yes ? "yes" : "no")}) {From}->{To}";
}

/// <summary>The outcome of the rollback, from the daemon and from member to cohort.</summary>
internal abstract record RollbackDecision(RoundNumber Round, ProcessName From, ProcessName To) : ControlMessage(Round, From, To)
{
    /// <summary>The same decision, forwarded.</summary>
    public abstract RollbackDecision Forward(ProcessName from, ProcessName to);
}

/// <summary>"Roll back": restart from the permanent checkpoint.</summary>
internal sealed record RollBack(RoundNumber Round, ProcessName From, ProcessName To) : RollbackDecision(Round, From, To)
{
    public override RollbackDecision Forward(ProcessName from, ProcessName to) => new RollBack(Round, from, to);

    public override string ToString() => $"ROLLBACK {From}->{To}";
}

/// <summary>"Do not roll back": go on as if nothing had been asked.</summary>
internal sealed record Resume(RoundNumber Round, ProcessName From, ProcessName To) : RollbackDecision(Round, From, To)
{
    public override RollbackDecision Forward(ProcessName from, ProcessName to) => new Resume(Round, from, to);

    public override string ToString() => $"RESUME {From}->{To}";
}
