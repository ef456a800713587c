using System.Collections.Immutable;
using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg.Rollback;

/// <summary>
/// Algorithms C and R at once (rule C6). After a random history a round starts; at a random step of it a rollback is asked for, or a
/// process fails, comes back, learns the decision of the round, and rolls back. All control messages are delivered in random order.
/// </summary>
internal sealed class InterferenceRun
{
    private const int StepLimit = 1_000;

    private readonly Random _random;
    private readonly KooTouegSystem _system;
    private readonly Trace _history;
    private readonly bool _mayFail;

    public InterferenceRun(int seed, bool mayFail, Rules rules)
    {
        _mayFail = mayFail;
        _random = new Random(seed ^ 0x1F);
        _history = RandomHistory.Generate(seed, new HistoryShape { Events = 30, RoundShare = 0.08 });
        _system = new KooTouegSystem(_history.Processes, isFifo: _random.Next(4) == 0, rules);
    }

    public (RoundOutcome Round, RollbackOutcome Rollback, bool BetweenThePhases) Run()
    {
        PlayHistory();
        var trace = _system.Trace;
        var before = _system.PermanentCheckpoints;
        var seenBefore = _system.Observations.All.Count;
        _system.StartRound(AnyProcess(), []);
        var atStep = _random.Next(20);
        for (var step = 0; step < atStep && _system.Network.InFlight.Count > 0; step++)
        {
            DeliverAny();
        }

        var rollingBack = AnyProcess();
        var betweenThePhases = _system.UndecidedProcesses.Any();
        if (_mayFail)
        {
            FailAndComeBack(rollingBack);
        }

        _system.StartRollback(rollingBack, []);
        var ranDry = DeliverAll();
        var seen = _system.Observations.Since(seenBefore).ToImmutableArray();
        return (RoundOutcome(trace, before, seen, ranDry), RollbackOutcome(rollingBack, trace, seen, ranDry), betweenThePhases);
    }

    public override string ToString() => string.Join(" ; ", _history.Events);

    private void PlayHistory()
    {
        foreach (var happening in _history.Events)
        {
            switch (happening)
            {
                case SendEvent send:
                    _system.Send(send.Message);
                    break;
                case ReceiveEvent receipt:
                    _system.Receive(receipt);
                    break;
                default:
                    _system.StartRound(happening.Process, []);
                    DeliverAll();
                    break;
            }
        }
    }

    private void FailAndComeBack(ProcessName process)
    {
        _system.Fail(process);
        for (var step = 0; step < StepLimit && _system.Network.InFlight.Count > 0; step++)
        {
            DeliverAny();
            if (_system.Daemon.Committed is not null && _random.Next(3) == 0)
            {
                break;
            }
        }

        _system.Restart(process);
    }

    private ProcessName AnyProcess() => _system.ProcessIds[_random.Next(_system.ProcessIds.Length)];

    private void DeliverAny() => _system.Deliver(_system.Network.Take(_random.Next(_system.Network.InFlight.Count)));

    private bool DeliverAll()
    {
        for (var step = 0; step < StepLimit && _system.Network.InFlight.Count > 0; step++)
        {
            DeliverAny();
        }

        return _system.Network.InFlight.Count == 0;
    }

    private RoundOutcome RoundOutcome(Trace trace, ImmutableDictionary<ProcessName, int> before, ImmutableArray<Observation> seen, bool ranDry) => new()
    {
        Round = _system.Round,
        Initiator = seen.OfType<TentativeTaken>().Select(taken => taken.Process).FirstOrDefault(),
        Unwilling = [],
        Observations = seen,
        Trace = trace,
        Before = before,
        After = _system.PermanentCheckpoints,
        NetworkRanDry = ranDry,
        Undecided = [.. _system.UndecidedProcesses],
    };

    private RollbackOutcome RollbackOutcome(ProcessName initiator, Trace trace, ImmutableArray<Observation> seen, bool ranDry) => new()
    {
        Rollback = _system.Rollback,
        Initiator = initiator,
        Unwilling = [],
        Observations = seen,
        Trace = trace,
        Permanent = _system.PermanentCheckpoints,
        After = _system.CurrentStates,
        NetworkRanDry = ranDry,
        Frozen = [.. _system.FrozenProcesses],
    };
}
