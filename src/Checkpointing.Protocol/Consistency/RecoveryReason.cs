namespace Checkpointing.Protocol.Consistency;

/// <summary>The edge of the rollback-dependency graph that forces a process back.</summary>
internal abstract record RecoveryReason;

/// <summary>Its volatile state is gone.</summary>
internal sealed record ProcessHasFailed : RecoveryReason
{
    public override string ToString() => "it failed";
}

/// <summary>It has received a message whose send is undone: an orphan message (rule A2).</summary>
/// <param name="Message">The orphan message.</param>
/// <param name="Sender">Who goes back to before the send; null if the send was undone earlier and is in no history any more.</param>
internal sealed record ReceivedUndoneMessage(MessageName Message, ProcessName? Sender) : RecoveryReason
{
    public override string ToString() => $"it received {Message}, which {Sender?.ToString() ?? "an earlier rollback"} undoes";
}

/// <summary>A call that it made has lost its other half (rule K1): to the caller the call counts as done or failed, at the callee it never was.</summary>
/// <param name="Request">The request of the call.</param>
/// <param name="Callee">Who lost it.</param>
internal sealed record CallWasLost(MessageName Request, ProcessName Callee) : RecoveryReason
{
    public override string ToString() => $"its call {Request} was lost by {Callee}";
}
