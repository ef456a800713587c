using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Simulation.Tests.Faults;
using Checkpointing.Simulation.Tests.Mutants;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>What one slot holds.</summary>
internal sealed record SlotRecord(SlotHead Head, ActorState State);

/// <summary>The two slots of one life of a participant, and which of them is permanent.</summary>
internal sealed class ParticipantSlots(CheckpointedActor actor)
{
    private readonly SimulatedCluster _cluster = actor.Cluster;
    private readonly Slot[] _slots = [new($"{actor.Name}/A"), new($"{actor.Name}/B")];
    private long _generation;
    private Slot? _permanent;
    private Slot? _written;
    private bool _isWriting;
    private Action? _waiting;
    private Action? _waitingFence;

    public const string Superseded = "another life has written";

    public bool IsWriting => _isWriting;

    /// <summary>Whose slot has this key.</summary>
    public static string ParticipantOf(string key) => key[..key.LastIndexOf('/')];

    /// <summary>The same slots, with all that is known of them, for the activation in which the life goes on.</summary>
    public ParticipantSlots For(CheckpointedActor successor)
    {
        var slots = new ParticipantSlots(successor) { Writer = Writer, PermanentRound = PermanentRound, _generation = _generation };
        for (var i = 0; i < _slots.Length; i++)
        {
            slots._slots[i].TakeFrom(_slots[i]);
        }

        slots._permanent = _permanent is null ? null : slots._slots[Array.IndexOf(_slots, _permanent)];
        return slots;
    }

    /// <summary>The life that writes.</summary>
    public Incarnation Writer { get; set; }

    public RoundNumber PermanentRound { get; private set; }

    /// <summary>Reads both slots, however often it takes, and says which one to start from.</summary>
    public void Load(Action<SlotChoice> done)
    {
        SlotChoice? damaged = null;
        if (_cluster.Faults.StuckFor() is > 0 and var stuck)
        {
            _cluster.Trace.Line($"{actor.Name} cannot read its slots for {stuck} ms");
            actor.Silo.Process.After(stuck, Read);
            return;
        }

        Read();

        void Read() => Refresh(_slots[0], () => Refresh(_slots[1], () => Choose(PermanentSlot.Choose(_slots[0].Record?.Head, _slots[1].Record?.Head))));

        void Choose(SlotChoice choice)
        {
            if (choice is SlotDamaged && choice != damaged && !actor.IsDead)
            {
                // Between the two reads another life may have written both slots; then what was read does not belong together.
                damaged = choice;
                Read();
            }
            else
            {
                done(choice);
            }
        }
    }

    /// <summary>The life starts from this checkpoint; null is the initial state.</summary>
    public SlotRecord? StartFrom(SlotHead? permanent)
    {
        _generation = _slots.Max(slot => slot.Record?.Head.Generation ?? 0);
        _permanent = permanent is null ? null : _slots.First(slot => ReferenceEquals(slot.Record?.Head, permanent));
        PermanentRound = permanent?.Round ?? RoundNumber.None;
        return _permanent?.Record;
    }

    /// <summary>CP-15: whether another life of this participant has written to one of the slots; null if nobody can tell.</summary>
    public void FindOtherLife(Action<bool?> done) => _cluster.Slots.Read(actor.Silo.Process, _slots[0].Key, a => _cluster.Slots.Read(actor.Silo.Process, _slots[1].Key, b =>
        done(a is { } first && b is { } second
            ? _slots[0].IsOfAnotherLife(first.Value?.Head, Writer) || _slots[1].IsOfAnotherLife(second.Value?.Head, Writer)
            : null)));

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
        Overwrite(free, new SlotRecord(new SlotHead(++_generation, number, PermanentRound, mark, Writer), state), StepOfRound.Storing, (outcome, record) =>
        {
            if (outcome == WriteOutcome.Stored || (outcome == WriteOutcome.Unknown && _cluster.Mutation == Mutation.UnknownWriteIsYes))
            {
                _written = free;
                outcome = WriteOutcome.Stored;
            }

            _cluster.Trace.Line($"{actor.Name} wrote {free.Key} of round {number}: {outcome}");
            done(outcome == WriteOutcome.Stored, outcome == WriteOutcome.Stale ? Superseded : outcome.ToString());
        });
    }

    /// <summary>Takes the free slot away from all earlier lives, and proves the permanent checkpoint, unless what this life has written there does both.</summary>
    public void Fence(CheckpointMark permanent, StepOfRound step, Action<FenceOutcome> done)
    {
        if (_isWriting)
        {
            _waitingFence += () => Fence(permanent, step, done);
            return;
        }

        if (FreeSlot() is { ETagIsKnown: true, Record.Head: var head } && head.Writer == Writer && head.BaseRound == PermanentRound && _cluster.Mutation != Mutation.MarkerOverSnapshot)
        {
            done(FenceOutcome.Stored);
            return;
        }

        if (_cluster.Mutation == Mutation.FenceNotWritten)
        {
            done(FenceOutcome.Stored);
            return;
        }

        if (step == StepOfRound.Proving)
        {
            _cluster.Judges.Writes.OnMarkerWrite(actor.Name, PermanentRound);
        }

        _isWriting = true;
        var free = FreeSlot();
        Overwrite(free, new SlotRecord(SlotHead.Fence(++_generation, PermanentRound, permanent, Writer), new ActorState()), step, (outcome, _) =>
            done(outcome switch
            {
                WriteOutcome.Stored => FenceOutcome.Stored,
                WriteOutcome.Stale => FenceOutcome.Superseded,
                _ => FenceOutcome.Failed,
            }));
    }

    /// <summary>The slot written last is the permanent checkpoint from now on.</summary>
    public void Adopt(RoundNumber number)
    {
        _permanent = _written;
        PermanentRound = number;
    }

    /// <summary>A process that is gone goes on with nothing; only what it had sent to the store may still land.</summary>
    private bool IsDead => actor.IsDead;

    /// <summary>The generation of the life that starts from these slots: above that of every life that has written to them.</summary>
    public long NextLifeGeneration => _slots.Max(slot => slot.Record?.Head.Writer.Generation ?? 0) + 1;

    private Slot FreeSlot() =>
        _cluster.Mutation == Mutation.OverwritesPermanentSlot && _permanent is not null ? _permanent
        : ReferenceEquals(_permanent, _slots[0]) ? _slots[1] : _slots[0];

    /// <summary>
    /// Writes under the ETag that this life knows. If that is not known any more, the slot is read first: what it holds must be what this life
    /// has read or written there, else another life has been at it.
    /// </summary>
    private void Overwrite(Slot slot, SlotRecord record, StepOfRound step, Action<WriteOutcome, SlotRecord> done)
    {
        if (slot.ETagIsKnown)
        {
            WriteTo(slot, record, step, mayRepeat: true, done);
        }
        else
        {
            ReadAndWrite(slot, record, step, mayRepeat: true, done);
        }
    }

    private void ReadAndWrite(Slot slot, SlotRecord record, StepOfRound step, bool mayRepeat, Action<WriteOutcome, SlotRecord> done) =>
        _cluster.Slots.Read(actor.Silo.Process, slot.Key, read =>
        {
            if (IsDead)
            {
                return;
            }

            if (read is not { } found)
            {
                Finish(done, WriteOutcome.Failed, record);
            }
            else if (slot.IsOfAnotherLife(found.Value?.Head, Writer) && _cluster.Mutation != Mutation.StaleETagsAccepted)
            {
                Finish(done, WriteOutcome.Stale, record);
            }
            else
            {
                slot.Take(found);
                WriteTo(slot, record, step, mayRepeat, done);
            }
        });

    private void WriteTo(Slot slot, SlotRecord record, StepOfRound step, bool mayRepeat, Action<WriteOutcome, SlotRecord> done)
    {
        slot.ETagIsKnown = false;
        _cluster.Slots.Write(actor.Silo.Process, slot.Key, record, slot.ETag, step, (outcome, etag) =>
        {
            if (IsDead)
            {
                return;
            }

            if (outcome == WriteOutcome.Stale && mayRepeat)
            {
                // A write of ours with an unknown outcome, or one of another life, has landed since the slot was read.
                ReadAndWrite(slot, record, step, mayRepeat: false, done);
                return;
            }

            if (outcome == WriteOutcome.Stored)
            {
                slot.Take((record, etag));
            }

            // Stale a second time: a write of ours landed between; nothing is known of another life.
            Finish(done, outcome == WriteOutcome.Stale ? WriteOutcome.Failed : outcome, record);
        });
    }

    private void Finish(Action<WriteOutcome, SlotRecord> done, WriteOutcome outcome, SlotRecord record)
    {
        _isWriting = false;
        done(outcome, record);
        var (next, fence) = (_waiting, _waitingFence);
        (_waiting, _waitingFence) = (null, null);
        // A fence that waits was asked for before the snapshot that waits; after it, it would overwrite it.
        fence?.Invoke();
        next?.Invoke();
    }

    private void Refresh(Slot slot, Action next) => _cluster.Slots.Read(actor.Silo.Process, slot.Key, read =>
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

        /// <summary>Neither what this life has found there nor what it has written itself.</summary>
        public bool IsOfAnotherLife(SlotHead? head, Incarnation self) => head is not null && head.Writer != self && head != Record?.Head;

        public void TakeFrom(Slot other) => (Record, ETag, ETagIsKnown) = (other.Record, other.ETag, other.ETagIsKnown);

        public void Take((SlotRecord? Record, long ETag) found)
        {
            Record = found.Record;
            ETag = found.ETag;
            ETagIsKnown = true;
        }
    }
}
