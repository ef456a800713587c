using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Runtime.Calls;
using Checkpointing.Runtime.StableStorage;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Checkpointing.Cluster.Tests.Rounds;

/// <summary>
/// Sees every write to stable storage in the instant in which it takes effect, and so knows at every instant what is permanent: of each grain the
/// newest checkpoint whose round the record of decisions has ever committed. At every decision it checks all permanent checkpoints together.
/// </summary>
internal sealed class RoundJudge
{
    private const string DecisionsName = "decisions";

    private static readonly Serializer<BankState> States =
        new ServiceCollection().AddSerializer().BuildServiceProvider().GetRequiredService<Serializer<BankState>>();

    private readonly Lock _lock = new();
    private readonly Dictionary<GrainId, SortedDictionary<string, JudgedSlot>> _slots = [];
    private readonly Dictionary<GrainId, JudgedSlot> _permanent = [];
    private readonly Dictionary<RoundNumber, List<GrainId>> _writes = [];
    private readonly List<JudgedDecision> _decisions = [];
    private readonly List<string> _violations = [];
    private DecisionRecord _record = DecisionRecord.First(Guid.Empty);
    private long _slotWrites;
    private long _recordWrites;

    /// <summary>What must hold for the permanent states together, besides consistency; says what is wrong, or null.</summary>
    public Func<IReadOnlyCollection<BankState>, string?> Invariant { get; set; } = _ => null;

    /// <summary>The decisions that committed anything, in order.</summary>
    public IReadOnlyList<JudgedDecision> Decisions
    {
        get
        {
            lock (_lock)
                return [.. _decisions];
        }
    }

    public (long Slots, long Records) Writes
    {
        get
        {
            lock (_lock)
                return (_slotWrites, _recordWrites);
        }
    }

    public long Epoch
    {
        get
        {
            lock (_lock)
                return _record.Epoch;
        }
    }

    public ImmutableArray<string> Violations
    {
        get
        {
            lock (_lock)
                return [.. _violations];
        }
    }

    /// <summary>Told of each decision that committed anything.</summary>
    public Action<JudgedDecision>? Decided { get; set; }

    public IReadOnlyCollection<BankState> PermanentStates
    {
        get
        {
            lock (_lock)
                return [.. _permanent.Values.Select(slot => slot.State).OfType<BankState>()];
        }
    }

    /// <summary>The permanent state of a grain; null while it is the initial one.</summary>
    public BankState? PermanentState(GrainId grain)
    {
        lock (_lock)
            return _permanent.TryGetValue(grain, out var slot) ? slot.State : null;
    }

    public void Violated(string what)
    {
        lock (_lock)
            _violations.Add(what);
    }

    public void AssertNoViolation()
    {
        var violations = Violations;
        Assert.True(violations.IsEmpty, $"{violations.Length} violations:\n{string.Join('\n', violations.Take(10))}");
    }

    public void OnWritten(string name, GrainId grain, StoredRecord stored)
    {
        lock (_lock)
        {
            if (name == DecisionsName)
                OnRecordWritten(DecisionRecordStorage.Open(stored));
            else
                OnSlotWritten(name, grain, SlotRecord.Open(stored));
        }
    }

    private void OnSlotWritten(string name, GrainId grain, SlotRecord record)
    {
        // Markers are counted apart from N + 1.
        _slotWrites += record.Head.IsFence ? 0 : 1;
        var slot = new JudgedSlot(grain, record, Decode(record));
        if (!_slots.TryGetValue(grain, out var slots))
            _slots.Add(grain, slots = []);

        if (_permanent.TryGetValue(grain, out var permanent) && slots.GetValueOrDefault(name) == permanent)
            _violations.Add($"{slot} overwrites the permanent checkpoint {permanent}");
        if (slots.Values.Any(other => other.Record.Head.Generation >= record.Head.Generation))
            _violations.Add($"{slot} has no younger generation than the other slot");

        slots[name] = slot;
        if (slots.Count > 2)
            _violations.Add($"{grain} has {slots.Count} slots");

        if (record.Head.IsFence)
            return;

        if (!_writes.TryGetValue(record.Head.Round, out var writers))
            _writes.Add(record.Head.Round, writers = []);

        writers.Add(grain);
    }

    private void OnRecordWritten(DecisionRecord record)
    {
        var onlyDrops = record.CommittedRuns.Length < _record.CommittedRuns.Length && record.CommittedRuns.All(_record.CommittedRuns.Contains);
        _recordWrites += onlyDrops ? 0 : 1;
        _record = record;
        var committed = new SortedSet<RoundNumber>();
        foreach (var slot in _slots.Values.SelectMany(slots => slots.Values).Where(slot => record.IsCommitted(slot.Record.Head.Round)))
        {
            if (!_permanent.TryGetValue(slot.Grain, out var before) || before.Record.Head.Generation < slot.Record.Head.Generation)
            {
                _permanent[slot.Grain] = slot;
                committed.Add(slot.Record.Head.Round);
                if (before is not null && !slot.Record.Head.Mark.Covers(before.Record.Head.Mark.Label) && !before.Record.Head.Mark.Label.IsBottom)
                    _violations.Add($"the mark of {slot} goes back behind that of {before}");
            }
        }

        if (committed.Count > 0)
        {
            var members = committed.SelectMany(round => _writes[round]).ToImmutableArray();
            if (members.Distinct().Count() != members.Length)
                _violations.Add($"a member of {string.Join(", ", committed)} has written more than once");

            Check(string.Join(", ", committed));
            var decision = new JudgedDecision([.. committed], members);
            _decisions.Add(decision);
            Decided?.Invoke(decision);
        }

        CheckWhatAStartFinds();
    }

    /// <summary>Consistency, by the library's own labels and by the application's own counts; then the application's invariant.</summary>
    private void Check(string decision)
    {
        foreach (var slot in _permanent.Values)
        {
            foreach (var receipt in slot.Record.Receipts)
            {
                var sender = receipt.Sender.Participant.ToGrainId();
                if (!_permanent.TryGetValue(sender, out var from) || !from.Record.Head.Mark.Covers(receipt.Label))
                    _violations.Add($"after {decision}: {slot} has received {receipt.Label} of {sender}, whose permanent checkpoint {from} does not remember sending it");
            }
        }

        var states = _permanent.Values.Where(slot => slot.State is not null).ToDictionary(slot => slot.Grain.Key.ToString()!, slot => slot.State!);
        foreach (var (receiver, state) in states)
        {
            foreach (var (sender, number) in state.Received)
            {
                if (!states.TryGetValue(sender, out var from) || from.Sent.GetValueOrDefault(receiver) < number)
                    _violations.Add($"after {decision}: {receiver} has received message {number} of {sender}, which remembers sending {from?.Sent.GetValueOrDefault(receiver) ?? 0}");
            }
        }

        if (Invariant(states.Values) is { } broken)
            _violations.Add($"after {decision}: {broken}");
    }

    /// <summary>A grain that starts now must find what is permanent, although the record forgets old rounds.</summary>
    private void CheckWhatAStartFinds()
    {
        foreach (var (grain, slots) in _slots)
        {
            var heads = slots.Values.Select(slot => slot.Record.Head).ToArray();
            var found = PermanentSlot.Choose(heads[0], heads.ElementAtOrDefault(1)) switch
            {
                SlotChosen chosen => chosen.Permanent,
                SlotInDoubt doubt => _record.IsCommitted(doubt.Round) ? doubt.IfCommitted : doubt.IfAborted,
                _ => null,
            };
            var permanent = _permanent.GetValueOrDefault(grain)?.Record.Head;
            if (found != permanent)
                _violations.Add($"{grain} would start from {found?.Round.ToString() ?? "its initial state"}, but {permanent?.Round.ToString() ?? "the initial state"} is permanent");
        }
    }

    private static BankState? Decode(SlotRecord record)
    {
        var bytes = record.States.FirstOrDefault(state => state.Name == "bank").Bytes;
        return bytes is null ? null : States.Deserialize(bytes);
    }
}

internal sealed record JudgedSlot(GrainId Grain, SlotRecord Record, BankState? State)
{
    public override string ToString() => $"{Grain}#{Record.Head.Generation} of round {Record.Head.Round}";
}

/// <param name="Rounds">The rounds, or components of rounds, that became committed in one write.</param>
/// <param name="Writers">Who wrote a checkpoint for them; once for each write.</param>
internal sealed record JudgedDecision(ImmutableArray<RoundNumber> Rounds, ImmutableArray<GrainId> Writers);
