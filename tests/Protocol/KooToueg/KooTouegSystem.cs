using System.Collections.Immutable;
using Checkpointing.Protocol.Consistency;
using Checkpointing.Protocol.Tests.KooToueg.Rollback;

namespace Checkpointing.Protocol.Tests.KooToueg;

/// <summary>
/// Processes, network and daemons, and the exact record of what was sent and received and not undone. Whoever drives it chooses every
/// step. One round and one rollback at a time: the next may start when no control message of the last is in flight (single initiator,
/// rule B). Labels go on growing after a rollback, so that a message that was undone is never taken for another.
/// </summary>
internal sealed class KooTouegSystem
{
    private readonly ImmutableSortedDictionary<ProcessName, Process> _processes;
    private readonly ImmutableSortedDictionary<ProcessName, RollbackMember> _members;
    private readonly List<TraceEvent> _events = [];
    private readonly Dictionary<MessageName, TraceMessage> _sent = [];
    private readonly HashSet<ProcessName> _awaitingRollback = [];
    private RoundNumber _lastNumber;
    private ImmutableHashSet<ProcessName> _unwilling = [];
    private ImmutableHashSet<ProcessName> _unwillingToRollBack = [];

    /// <param name="processIds">The processes.</param>
    /// <param name="isFifo">True if control messages of one channel keep their order.</param>
    /// <param name="rules">The algorithm, or a mutant of it.</param>
    public KooTouegSystem(ImmutableArray<ProcessName> processIds, bool isFifo, Rules rules)
    {
        ProcessIds = processIds;
        Network = new Network(isFifo);
        Daemon = new Daemon(Network, Observations);
        RollbackDaemon = new RollbackDaemon(Network, Observations);
        _processes = processIds.ToImmutableSortedDictionary(id => id, id => rules.CreateProcess(id, processIds, Network, Observations));
        _members = _processes.ToImmutableSortedDictionary(process => process.Key, process => rules.CreateRollbackMember(process.Value, processIds, Network, Observations));
    }

    public ImmutableArray<ProcessName> ProcessIds { get; }

    public Network Network { get; }

    public Daemon Daemon { get; }

    public RollbackDaemon RollbackDaemon { get; }

    public Observations Observations { get; } = new();

    /// <summary>The number of the last round.</summary>
    public RoundNumber Round { get; private set; }

    /// <summary>The number of the last rollback.</summary>
    public RoundNumber Rollback { get; private set; }

    public Process this[ProcessName id] => _processes[id];

    public Trace Trace => Trace.Of(ProcessIds, [.. _events]);

    /// <summary>How many of its own sends and receipts each permanent checkpoint contains.</summary>
    public ImmutableDictionary<ProcessName, int> PermanentCheckpoints
        => _processes.ToImmutableDictionary(process => process.Key, process => process.Value.Permanent.HistoryLength);

    /// <summary>How many of its own sends and receipts the state of each process contains.</summary>
    public ImmutableDictionary<ProcessName, int> CurrentStates => _processes.ToImmutableDictionary(process => process.Key, process => process.Value.HistoryLength);

    /// <summary>Who has joined a rollback and does not know its decision.</summary>
    public IEnumerable<ProcessName> FrozenProcesses => _members.Where(member => !member.Value.ReadyToRollBack).Select(member => member.Key);

    public IEnumerable<ProcessName> UndecidedProcesses => _processes.Values.Where(process => process.Tentative is not null).Select(process => process.Id);

    public bool CanSend(TraceMessage message) => _processes[message.From].MaySend && IsRunning(message.From);

    public void Send(TraceMessage message)
    {
        _sent.Add(message.Name, message);
        _events.Add(new SendEvent(message));
        _processes[message.From].Send(message);
    }

    public bool CanReceive(ReceiveEvent receipt) => _sent.ContainsKey(receipt.Message) && IsRunning(receipt.Process);

    public void Receive(ReceiveEvent receipt)
    {
        _events.Add(receipt);
        _processes[receipt.Process].Receive(_sent[receipt.Message]);
    }

    public void StartRound(ProcessName initiator, IEnumerable<ProcessName> unwilling)
    {
        Round = NextNumber();
        _unwilling = [.. unwilling];
        Daemon.Start(Round, initiator);
    }

    public void StartRollback(ProcessName initiator, IEnumerable<ProcessName> unwilling)
    {
        Rollback = NextNumber();
        _unwillingToRollBack = [.. unwilling];
        RollbackDaemon.Start(Rollback, initiator);
    }

    public void Deliver(ControlMessage message)
    {
        if (message.To == Daemon.Id)
        {
            Daemon.Handle(message);
            RollbackDaemon.Handle(message);
            return;
        }

        var seenBefore = Observations.All.Count;
        var unwilling = message is PrepareToRollBack ? _unwillingToRollBack : _unwilling;
        _members[message.To].Handle(message, !unwilling.Contains(message.To));
        if (Observations.Since(seenBefore).OfType<RolledBack>().Any())
        {
            _awaitingRollback.Remove(message.To);
            ForgetWhatWasUndone(message.To);
        }
    }

    /// <summary>Its computation stops: what it lost is for algorithm R to undo.</summary>
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

    private RoundNumber NextNumber() => _lastNumber = new RoundNumber(_lastNumber.Value + 1);

    private bool IsRunning(ProcessName process) => !_awaitingRollback.Contains(process) && _members[process].ReadyToRollBack;

    // A message that was undone before it was received is a ghost; nobody receives it any more.
    private void ForgetWhatWasUndone(ProcessName process)
    {
        foreach (var undone in _events.Where(happened => happened.Process == process).Skip(_processes[process].HistoryLength).ToList())
        {
            _events.Remove(undone);
            if (undone is SendEvent send)
            {
                _sent.Remove(send.Message.Name);
            }
        }
    }
}
