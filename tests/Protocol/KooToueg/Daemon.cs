using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg;

/// <summary>
/// The daemon of the initiator: asks it for a checkpoint and turns its vote into the decision. The decision is recorded in stable
/// storage before anybody is told; a process that restarts asks for it.
/// </summary>
internal sealed class Daemon(Network network, Observations observations)
{
    public static readonly ProcessName Id = new("daemon");

    private RoundNumber _round;
    private ProcessName _initiator;

    /// <summary>The recorded decision of the current round: commit, undo, or none yet.</summary>
    public bool? Committed { get; private set; }

    public void Start(RoundNumber round, ProcessName initiator)
    {
        _round = round;
        _initiator = initiator;
        Committed = null;
        network.Send(new TakeTentative(round, Id, initiator, Label.Top));
    }

    public void Handle(ControlMessage message)
    {
        var vote = message switch
        {
            Vote answer => answer.Yes,
            FailureNotice notice when notice.From == _initiator => false,
            _ => (bool?)null,
        };
        if (vote is { } yes && message.Round == _round && Committed is null)
        {
            Committed = yes;
            observations.Add(new Decided(_round, yes));
            network.Send(DecisionFor(_initiator));
        }
    }

    /// <summary>The recorded decision, to a process that has restarted.</summary>
    public Decision DecisionFor(ProcessName process)
        => Committed == true ? new MakePermanent(_round, Id, process) : new UndoTentative(_round, Id, process);
}
