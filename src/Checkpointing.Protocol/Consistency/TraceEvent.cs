namespace Checkpointing.Protocol.Consistency;

/// <summary>One event of a trace. Only sends and receipts belong to a local history; checkpoints are marks between them.</summary>
internal abstract record TraceEvent(ProcessName Process)
{
    /// <summary>True for the events that a cut counts: sends and receipts.</summary>
    public virtual bool IsCommunication => false;
}

/// <summary><c>p->q:m@1</c>: p sends m to q with label 1.</summary>
internal sealed record SendEvent(TraceMessage Message) : TraceEvent(Message.From)
{
    public override bool IsCommunication => true;

    public override string ToString() => $"{Message.From}->{Message.To}:{Message.Name}@{Message.Label}";
}

/// <summary><c>q&lt;-m</c>: q receives m.</summary>
internal sealed record ReceiveEvent(ProcessName Process, MessageName Message) : TraceEvent(Process)
{
    public override bool IsCommunication => true;

    public override string ToString() => $"{Process}<-{Message}";
}

/// <summary><c>ck p</c>: p takes a checkpoint of its own accord, uncoordinated.</summary>
internal sealed record LocalCheckpointEvent(ProcessName Process) : TraceEvent(Process)
{
    public override string ToString() => $"ck {Process}";
}

/// <summary><c>C p</c>: a coordinated checkpoint round, initiated by p, runs from start to commit.</summary>
internal sealed record CommittedRoundEvent(ProcessName Process) : TraceEvent(Process)
{
    public override string ToString() => $"C {Process}";
}
