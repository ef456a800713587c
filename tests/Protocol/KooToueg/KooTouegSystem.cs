using System.Collections.Immutable;
using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg;

/// <summary>
/// Processes, network and daemon, and the exact record of what was sent and received. Whoever drives it chooses every step.
/// One round at a time: the next may start when no control message of the last is in flight (single initiator, rule B).
/// </summary>
internal sealed class KooTouegSystem
{
    private readonly ImmutableSortedDictionary<ProcessName, Process> _processes;
    private readonly ImmutableArray<TraceEvent>.Builder _events = ImmutableArray.CreateBuilder<TraceEvent>();
    private readonly Dictionary<MessageName, TraceMessage> _sent = [];
    private readonly HashSet<ProcessName> _awaitingRollback = [];
    private ImmutableHashSet<ProcessName> _unwilling = [];

    /// <param name="processIds">The processes.</param>
    /// <param name="isFifo">True if control messages of one channel keep their order.</param>
    /// <param name="rules">The algorithm, or a mutant of it.</param>
    public KooTouegSystem(ImmutableArray<ProcessName> processIds, bool isFifo, Rules rules)
    {
        ProcessIds = processIds;
        Network = new Network(isFifo);
        Daemon = new Daemon(Network, Observations);
        _processes = processIds.ToImmutableSortedDictionary(id => id, id => rules.CreateProcess(id, processIds, Network, Observations));
    }

    public ImmutableArray<ProcessName> ProcessIds { get; }

    public Network Network { get; }

    public Daemon Daemon { get; }

    public Observations Observations { get; } = new();

    public RoundNumber Round { get; private set; }

    public Process this[ProcessName id] => _processes[id];

    public Trace Trace => Trace.Of(ProcessIds, _events.ToImmutable());

    /// <summary>How many of its own sends and receipts each permanent checkpoint contains.</summary>
    public ImmutableDictionary<ProcessName, int> PermanentCheckpoints
        => _processes.ToImmutableDictionary(process => process.Key, process => process.Value.Permanent.HistoryLength);

    public IEnumerable<ProcessName> UndecidedProcesses => _processes.Values.Where(process => process.Tentative is not null).Select(process => process.Id);

    public bool CanSend(TraceMessage message) => _processes[message.From].MaySend && !_awaitingRollback.Contains(message.From);

    public void Send(TraceMessage message)
    {
        _sent.Add(message.Name, message);
        _events.Add(new SendEvent(message));
        _processes[message.From].Send(message);
    }

    public bool CanReceive(ReceiveEvent receipt) => _sent.ContainsKey(receipt.Message) && !_awaitingRollback.Contains(receipt.Process);

    public void Receive(ReceiveEvent receipt)
    {
        _events.Add(receipt);
        _processes[receipt.Process].Receive(_sent[receipt.Message]);
    }

    public void StartRound(ProcessName initiator, IEnumerable<ProcessName> unwilling)
    {
        Round = new RoundNumber(Round.Value + 1);
        _unwilling = [.. unwilling];
        Daemon.Start(Round, initiator);
    }

    public void Deliver(ControlMessage message)
    {
        if (message.To == Daemon.Id)
        {
            Daemon.Handle(message);
        }
        else
        {
            _processes[message.To].Handle(message, !_unwilling.Contains(message.To));
        }
    }

    /// <summary>Its computation stops for good: what it lost is for algorithm R to undo, which is not played here.</summary>
    public void Fail(ProcessName process)
    {
        _awaitingRollback.Add(process);
        Observations.Add(new ProcessFailed(process));
        Network.Fail(Round, process, [.. ProcessIds, Daemon.Id]);
    }

    /// <summary>The process comes back from stable storage and first learns the decision, if it holds an undecided checkpoint.</summary>
    public void Restart(ProcessName process)
    {
        Network.Restart(process);
        _processes[process].Restart();
        if (_processes[process].Tentative is not null)
        {
            Network.Send(Daemon.DecisionFor(process));
        }
    }
}
