using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Simulation.Tests.Faults;
using Checkpointing.Simulation.Tests.Mutants;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>What one slot holds.</summary>
internal sealed record SlotRecord(SlotHead Head, ActorState State);

/// <summary>The two slots of one life of a participant, and which of them is permanent.</summary>
internal sealed class ParticipantSlots(CheckpointedActor actor)
{
    private readonly SimulatedCluster _cluster = actor.Cluster;
    private readonly int _life = actor.LifeNumber;
    private readonly Slot[] _slots = [new($"{actor.Name}/A"), new($"{actor.Name}/B")];
    private long _generation;
    private Slot? _permanent;
    private Slot? _written;
    private bool _isWriting;
    private Action? _waiting;

    public RoundNumber PermanentRound { get; private set; }

    /// <summary>Reads both slots, however often it takes, and says which one to start from.</summary>
    public void Load(Action<SlotChoice> done) => Refresh(_slots[0], () => Refresh(_slots[1], () =>
        done(PermanentSlot.Choose(_slots[0].Record?.Head, _slots[1].Record?.Head))));

    /// <summary>The life starts from this checkpoint; null is the initial state.</summary>
    public SlotRecord? StartFrom(SlotHead? permanent)
    {
        _generation = _slots.Max(slot => slot.Record?.Head.Generation ?? 0);
        _permanent = permanent is null ? null : _slots.First(slot => ReferenceEquals(slot.Record?.Head, permanent));
        PermanentRound = permanent?.Round ?? RoundNumber.None;
        return _permanent?.Record;
    }

    /// <summary>Writes into the free slot. Anything but a certain success is reported as not durable.</summary>
    public void Write(RoundNumber number, CheckpointMark mark, ActorState state, Action<bool, string> done)
    {
        if (_isWriting)
        {
            // An undone snapshot of an earlier round is still on its way to the same slot.
            _waiting = () => Write(number, mark, state, done);
            return;
        }

        _isWriting = true;
        var free = FreeSlot();
        if (free.ETagIsKnown)
        {
            WriteTo(free, number, mark, state, mayRepeat: true, done);
        }
        else
        {
            ReadAndWrite(free, number, mark, state, mayRepeat: true, done);
        }
    }

    /// <summary>The slot written last is the permanent checkpoint from now on.</summary>
    public void Adopt(RoundNumber number)
    {
        _permanent = _written;
        PermanentRound = number;
    }

    /// <summary>A process that is gone goes on with nothing; only what it had sent to the store may still land.</summary>
    private bool IsDead => _life != actor.LifeNumber;

    private Slot FreeSlot() =>
        _cluster.Mutation == Mutation.OverwritesPermanentSlot && _permanent is not null ? _permanent
        : ReferenceEquals(_permanent, _slots[0]) ? _slots[1] : _slots[0];

    private void ReadAndWrite(Slot slot, RoundNumber number, CheckpointMark mark, ActorState state, bool mayRepeat, Action<bool, string> done) =>
        _cluster.Slots.Read(slot.Key, read =>
        {
            if (IsDead)
            {
                return;
            }

            if (read is { } found)
            {
                slot.Take(found);
                WriteTo(slot, number, mark, state, mayRepeat, done);
            }
            else
            {
                Finish(done, false, "the slot could not be read");
            }
        });

    private void WriteTo(Slot slot, RoundNumber number, CheckpointMark mark, ActorState state, bool mayRepeat, Action<bool, string> done)
    {
        var record = new SlotRecord(new SlotHead(++_generation, number, PermanentRound, mark), state);
        slot.ETagIsKnown = false;
        _cluster.Slots.Write(slot.Key, record, slot.ETag, StepOfRound.Storing, (outcome, etag) =>
        {
            if (IsDead)
            {
                return;
            }

            if (outcome == WriteOutcome.Stale && mayRepeat)
            {
                // A write of ours with an unknown outcome, or one of an earlier life, has landed since the slot was read.
                ReadAndWrite(slot, number, mark, state, mayRepeat: false, done);
                return;
            }

            if (outcome == WriteOutcome.Stored)
            {
                slot.Take((record, etag));
                _written = slot;
            }
            else if (outcome == WriteOutcome.Unknown && _cluster.Mutation == Mutation.UnknownWriteIsYes)
            {
                _written = slot;
                outcome = WriteOutcome.Stored;
            }

            _cluster.Trace.Line($"{actor.Name} wrote {slot.Key} of round {number}: {outcome}");
            Finish(done, outcome == WriteOutcome.Stored, outcome.ToString());
        });
    }

    private void Finish(Action<bool, string> done, bool isDurable, string detail)
    {
        _isWriting = false;
        done(isDurable, detail);
        var next = _waiting;
        _waiting = null;
        next?.Invoke();
    }

    private void Refresh(Slot slot, Action next) => _cluster.Slots.Read(slot.Key, read =>
    {
        if (read is { } found)
        {
            slot.Take(found);
            next();
        }
        else
        {
            Refresh(slot, next);
        }
    });

    private sealed class Slot(string key)
    {
        public string Key => key;

        public SlotRecord? Record { get; private set; }

        public long ETag { get; private set; }

        public bool ETagIsKnown { get; set; }

        public void Take((SlotRecord? Record, long ETag) found)
        {
            Record = found.Record;
            ETag = found.ETag;
            ETagIsKnown = true;
        }
    }
}
