using System.Collections.Immutable;
using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg;

/// <summary>
/// One random history under one random schedule. While a round runs, its control messages are delivered in random order between the
/// next events of the history. A send that the algorithm forbids for now waits, and so do later sends of that process.
/// </summary>
internal sealed class RandomRun
{
    // A round of n processes has at most n(n-1) TAKEs, as many votes and as many decisions; the rest is room for failures.
    private const int StepLimit = 500;

    private readonly Random _random;
    private readonly KooTouegSystem _system;
    private readonly Trace _history;
    private readonly RunShape _shape;
    private readonly List<TraceEvent> _waiting = [];
    private int _next;

    public RandomRun(int seed, RunShape shape, Rules rules)
    {
        _shape = shape;
        _random = new Random(seed ^ 0x5EED);
        _history = RandomHistory.Generate(seed, shape.History with { IsFifo = shape.AlwaysFifo || _random.Next(4) == 0 });
        _system = new KooTouegSystem(_history.Processes, isFifo: shape.AlwaysFifo || _random.Next(4) == 0, rules);
    }

    public Observations Observations => _system.Observations;

    /// <summary>One outcome per round, as it ends. A run ends early with a round that is stuck, or in which a process failed.</summary>
    public IEnumerable<RoundOutcome> Rounds()
    {
        while (_next < _history.Events.Length)
        {
            if (_history.Events[_next] is CommittedRoundEvent round)
            {
                _next++;
                var outcome = RunRound(round.Process);
                yield return outcome;
                if (!outcome.NetworkRanDry || !outcome.Undecided.IsEmpty || outcome.Observations.OfType<ProcessFailed>().Any())
                {
                    yield break;
                }
            }
            else
            {
                PerformNext();
            }
        }
    }

    public override string ToString() => string.Join(" ; ", _history.Events);

    private RoundOutcome RunRound(ProcessName initiator)
    {
        ImmutableHashSet<ProcessName> unwilling = [.. _system.ProcessIds.Where(_ => _random.NextDouble() < _shape.UnwillingShare)];
        var before = _system.PermanentCheckpoints;
        var seenBefore = _system.Observations.All.Count;
        _system.StartRound(initiator, unwilling);
        var failing = _random.NextDouble() < _shape.FailureShare ? _system.ProcessIds[_random.Next(_system.ProcessIds.Length)] : (ProcessName?)null;
        var ranDry = RunUntilDry(failing, failAt: _random.Next(12));
        if (failing is { } failed && _system.Network.HasFailed(failed) && ranDry)
        {
            _system.Restart(failed);
            ranDry = RunUntilDry(failing: null, failAt: 0);
        }

        return new RoundOutcome
        {
            Round = _system.Round,
            Initiator = initiator,
            Unwilling = unwilling,
            Observations = [.. _system.Observations.Since(seenBefore)],
            Trace = _system.Trace,
            Before = before,
            After = _system.PermanentCheckpoints,
            NetworkRanDry = ranDry,
            Undecided = [.. _system.UndecidedProcesses],
        };
    }

    private bool RunUntilDry(ProcessName? failing, int failAt)
    {
        for (var step = 0; step < StepLimit; step++)
        {
            if (failing is { } victim && step == failAt)
            {
                _system.Fail(victim);
            }

            if (failing is { } failed && _system.Network.HasFailed(failed) && _system.Daemon.Committed is not null && _random.Next(10) == 0)
            {
                _system.Restart(failed);
            }

            PerformWaiting();
            if (_system.Network.InFlight.Count == 0)
            {
                return true;
            }

            if (_random.NextDouble() < _shape.TrafficShare && _next < _history.Events.Length && _history.Events[_next] is not CommittedRoundEvent)
            {
                PerformNext();
            }
            else
            {
                _system.Deliver(_system.Network.Take(_random.Next(_system.Network.InFlight.Count)));
            }
        }

        return false;
    }

    private void PerformNext()
    {
        _waiting.Add(_history.Events[_next++]);
        PerformWaiting();
    }

    private void PerformWaiting()
    {
        for (var i = 0; i < _waiting.Count;)
        {
            if (TryPerform(_waiting[i], i))
            {
                _waiting.RemoveAt(i);
                i = 0;
            }
            else
            {
                i++;
            }
        }
    }

    private bool TryPerform(TraceEvent happening, int position)
    {
        switch (happening)
        {
            case SendEvent send when _system.CanSend(send.Message) && !IsSendWaiting(send.Process, position):
                _system.Send(send.Message);
                return true;
            case ReceiveEvent receipt when _system.CanReceive(receipt):
                _system.Receive(receipt);
                return true;
            default:
                return false;
        }
    }

    private bool IsSendWaiting(ProcessName process, int before) => _waiting.Take(before).Any(waiting => waiting is SendEvent && waiting.Process == process);
}

/// <summary>What goes on around the rounds of a run.</summary>
internal sealed record RunShape
{
    public HistoryShape History { get; init; } = new();

    /// <summary>Share of the steps during a round that are events of the history.</summary>
    public double TrafficShare { get; init; } = 0.3;

    /// <summary>How likely a process is unwilling in a round.</summary>
    public double UnwillingShare { get; init; } = 0.1;

    /// <summary>True if all channels are FIFO; otherwise those of one run in four.</summary>
    public bool AlwaysFifo { get; init; }

    /// <summary>How likely a process fails in a round.</summary>
    public double FailureShare { get; init; }
}
