using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg.Rollback;

/// <summary>
/// One random history with checkpoint rounds and rollbacks between its events. Control messages are delivered in random order; a round or
/// rollback ends before the next event. What a rollback undid before it was received is not delivered any more.
/// </summary>
internal sealed class RandomRollbackRun
{
    // A rollback of n processes has at most n(n-1) PREPAREs, as many votes and as many decisions.
    private const int StepLimit = 500;

    private readonly Random _random;
    private readonly KooTouegSystem _system;
    private readonly Trace _history;
    private readonly RollbackShape _shape;

    public RandomRollbackRun(int seed, RollbackShape shape, Rules rules)
    {
        _shape = shape;
        _random = new Random(seed ^ 0xBAC5);
        _history = RandomHistory.Generate(seed, shape.History);
        _system = new KooTouegSystem(_history.Processes, isFifo: _random.Next(4) == 0, rules);
    }

    /// <summary>One outcome per rollback, as it ends. A run ends early with a rollback that is stuck or leaves an orphan.</summary>
    public IEnumerable<RollbackOutcome> Rollbacks()
    {
        foreach (var happening in _history.Events)
        {
            switch (happening)
            {
                case SendEvent send:
                    _system.Send(send.Message);
                    break;
                case ReceiveEvent receipt when _system.CanReceive(receipt):
                    _system.Receive(receipt);
                    break;
                case CommittedRoundEvent round when _random.NextDouble() >= _shape.RollbackShare:
                    _system.StartRound(round.Process, Unwilling());
                    RunUntilDry();
                    break;
                case CommittedRoundEvent rollback:
                    var outcome = RollBack(rollback.Process);
                    yield return outcome;
                    if (!outcome.NetworkRanDry || !outcome.Frozen.IsEmpty || !CutClassification.Of(outcome.Trace, Cut.Of(outcome.Trace, outcome.After)).IsConsistent)
                    {
                        yield break;
                    }

                    break;
            }
        }
    }

    public override string ToString() => string.Join(" ; ", _history.Events);

    private RollbackOutcome RollBack(ProcessName initiator)
    {
        var hasFailed = _random.NextDouble() < _shape.FailureShare;
        var unwilling = hasFailed ? [] : Unwilling();
        var trace = _system.Trace;
        var seenBefore = _system.Observations.All.Count;
        if (hasFailed)
        {
            _system.Fail(initiator);
            _system.Restart(initiator);
        }

        _system.StartRollback(initiator, unwilling);
        var ranDry = RunUntilDry();
        return new RollbackOutcome
        {
            Rollback = _system.Rollback,
            Initiator = initiator,
            Unwilling = [.. unwilling],
            Observations = [.. _system.Observations.Since(seenBefore)],
            Trace = trace,
            Permanent = _system.PermanentCheckpoints,
            After = _system.CurrentStates,
            NetworkRanDry = ranDry,
            Frozen = [.. _system.FrozenProcesses],
        };
    }

    private List<ProcessName> Unwilling() => [.. _system.ProcessIds.Where(_ => _random.NextDouble() < _shape.UnwillingShare)];

    private bool RunUntilDry()
    {
        for (var step = 0; step < StepLimit && _system.Network.InFlight.Count > 0; step++)
        {
            _system.Deliver(_system.Network.Take(_random.Next(_system.Network.InFlight.Count)));
        }

        return _system.Network.InFlight.Count == 0;
    }
}

/// <summary>What goes on in a run with rollbacks.</summary>
internal sealed record RollbackShape
{
    public HistoryShape History { get; init; } = new() { Events = 60, RoundShare = 0.15 };

    /// <summary>Share of the rounds that are rollbacks instead.</summary>
    public double RollbackShare { get; init; } = 0.5;

    /// <summary>Share of the rollbacks whose initiator has failed; the others are asked for, and may be refused.</summary>
    public double FailureShare { get; init; } = 0.5;

    /// <summary>How likely a process is unwilling in a round, or in a rollback that is asked for.</summary>
    public double UnwillingShare { get; init; } = 0.1;
}
