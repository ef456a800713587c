using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg.Rollback;

/// <summary>
/// The daemon of the process that has to roll back: asks it with ⊥, against which its last_rmsg_p(daemon) = ⊤ always wins, and turns its
/// vote into the decision.
/// </summary>
internal sealed class RollbackDaemon(Network network, Observations observations)
{
    private RoundNumber _rollback;
    private ProcessName _initiator;

    /// <summary>The decision of the current rollback: roll back, resume, or none yet.</summary>
    public bool? RollsBack { get; private set; }

    public void Start(RoundNumber rollback, ProcessName initiator)
    {
        _rollback = rollback;
        _initiator = initiator;
        RollsBack = null;
        network.Send(new PrepareToRollBack(rollback, Daemon.Id, initiator, Label.Bottom));
    }

    public void Handle(ControlMessage message)
    {
        if (message is RollbackVote vote && vote.Round == _rollback && RollsBack is null)
        {
            RollsBack = vote.Yes;
            observations.Add(new RollbackDecided(_rollback, vote.Yes));
            network.Send(vote.Yes ? new RollBack(_rollback, Daemon.Id, _initiator) : new Resume(_rollback, Daemon.Id, _initiator));
        }
    }
}
