using System.Collections.Immutable;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.CheckpointAlgorithm;

/// <summary>
/// The coordinator's hold on the <see cref="DecisionRecord"/>: one write at a time under its ETag, and after each the question what became of it.
/// Knows nothing of rounds and votes beyond the numbers that a decision commits.
/// </summary>
/// <param name="record">The record as it was read, or <see cref="DecisionRecord.First"/> if there is none.</param>
/// <param name="life">Unique id of this life of the coordinator.</param>
/// <param name="unproven">Which runs may not be dropped yet, and for whose sake.</param>
/// <param name="effects">Where writes, reads and timers are asked for.</param>
internal sealed class DecisionRecordWriter(
    DecisionRecord record, Guid life, UnprovenDecisions unproven, ImmutableArray<CoordinatorEffect>.Builder effects)
{
    private DecisionRecord? _writing;

    // The write of a decision that is neither known to have landed nor to be fenced off.
    private DecisionRecord? _decision;
    private ImmutableArray<RoundNumber> _decided = [];
    private bool _isInCharge;
    private long _revision;
    private long _suspectedEpoch;
    private long _suspectedBeforeWrite;
    private long _deniedEpoch;

    /// <summary>The record as far as it is known to be stored.</summary>
    public DecisionRecord Record { get; private set; } = record;

    /// <summary>Nobody knows yet what became of the last write.</summary>
    public bool IsWriting => _writing is not null;

    /// <summary>It is not known yet whether the decision that was written last holds.</summary>
    public bool IsDeciding => _decision is not null;

    /// <summary>The record holds runs that nobody needs any more.</summary>
    public bool HasProvenRuns => Record.CommittedRuns.Any(IsProven);

    /// <summary>CP-11: before it does anything else, a new life raises the epoch; from then on no earlier life can decide.</summary>
    public void RaiseEpoch() => Write(Record.RaiseEpoch());

    /// <summary>Records these rounds, with their members, as committed, the numbers from <paramref name="unusedFrom"/> along with them, and drops the runs that are proven.</summary>
    public void Decide(IReadOnlyDictionary<RoundNumber, ImmutableArray<ParticipantId>> rounds, long unusedFrom)
    {
        foreach (var (number, members) in rounds)
        {
            unproven.Add(number, members);
        }

        Write(Named(Record.Forget(IsProven).Commit(rounds.Keys, unusedFrom)));
        _decision = _writing;
        _decided = [.. rounds.Keys];
    }

    /// <summary>Writes the record without the runs that are proven, or with more names, if there is anything to gain by it.</summary>
    public void DropProven()
    {
        var next = Named(Record.Forget(IsProven));
        if (_isInCharge && _writing is null && (next.CommittedRuns.Length < Record.CommittedRuns.Length || next.Unproven.Length > Record.Unproven.Length))
        {
            Write(next);
        }
    }

    public RecordWriteConclusion OnWritten(RecordWriteOutcome outcome)
    {
        if (outcome == RecordWriteOutcome.Stored && _writing is { } written)
        {
            return Stored(written);
        }

        // Somebody else has written, or our own write has landed after all: only a read can tell.
        effects.Add(new ReadRecord());
        return RecordWriteConclusion.Open;
    }

    /// <summary>CP-12: nobody is answered before the outcome of the write is known. Null: the record could not be read.</summary>
    public RecordWriteConclusion OnRead(DecisionRecord? stored)
    {
        if (_writing is not { } intended)
        {
            return RecordWriteConclusion.Open;
        }

        if (stored is null)
        {
            effects.Add(new StartTimer(new RoundTimer(RoundTimerKind.RecordDue, RoundNumber.None)));
        }
        else if (stored.Stamp == intended.Stamp || stored.Stamp == _decision?.Stamp)
        {
            // The decision may land when it was already given up: it stands, and the write that should fence it off cannot land any more.
            return Stored(stored);
        }
        else if (!_isInCharge)
        {
            Write(stored.RaiseEpoch());
        }
        else if (stored.Epoch != Record.Epoch || stored.StoreId != Record.StoreId)
        {
            StandDown();
            return RecordWriteConclusion.Superseded;
        }
        else
        {
            // Absent: a fencing write gives the record a new ETag, so that the lost write can never land. Once it is stored the round is aborted.
            Write(Record);
        }

        return RecordWriteConclusion.Open;
    }

    /// <summary>
    /// CP-13: a round of a younger epoch than ours: either another life has taken over, and we would never notice as long as no round of ours
    /// gets to its decision, or our record is older than the round. A write of the record tells which, and until then nobody is told "forgotten".
    /// </summary>
    public void Suspect(RoundNumber round)
    {
        if (_isInCharge && round.Epoch > Math.Max(Record.Epoch, _deniedEpoch))
        {
            _suspectedEpoch = Math.Max(_suspectedEpoch, round.Epoch);
            if (_writing is null)
            {
                Write(Record);
            }
        }
    }

    /// <summary>Nothing more is written, and no outcome of a write is heard.</summary>
    public void StandDown()
    {
        _writing = null;
        _isInCharge = false;
    }

    /// <summary>What the record says of a round that is not being decided (SPEC K7).</summary>
    public Decision Lookup(RoundNumber number)
    {
        if (Record.IsCommitted(number))
        {
            return Decision.Committed;
        }

        if (!_isInCharge)
        {
            // Also at the end of this life: what the next one finds in the record may be a decision of ours whose write was never confirmed.
            return Decision.Undecided;
        }

        if (number.Epoch <= Record.Epoch)
        {
            return Decision.Aborted;
        }

        return number.Epoch <= _deniedEpoch ? Decision.Forgotten : Decision.Undecided;
    }

    private RecordWriteConclusion Stored(DecisionRecord stored)
    {
        Record = stored;
        _writing = null;
        if (!_isInCharge)
        {
            _isInCharge = true;
            unproven.Inherit(stored);
            return RecordWriteConclusion.EpochRaised;
        }

        if (_decision is not { } decision)
        {
            _deniedEpoch = _suspectedBeforeWrite;
            return RecordWriteConclusion.Confirmed;
        }

        _decision = null;
        if (stored.Stamp == decision.Stamp)
        {
            return RecordWriteConclusion.DecisionHolds;
        }

        foreach (var number in _decided)
        {
            unproven.Withdraw(number);
        }

        return RecordWriteConclusion.DecisionFencedOff;
    }

    private bool IsProven(CommittedRun run) => unproven.IsProven(run, Record.Epoch);

    private DecisionRecord Named(DecisionRecord next) => next with { Unproven = unproven.Name(next.CommittedRuns, next.Epoch) };

    private void Write(DecisionRecord next)
    {
        _suspectedBeforeWrite = _suspectedEpoch;
        _writing = next with { Stamp = new WriteStamp(life, ++_revision) };
        effects.Add(new WriteRecord(_writing));
    }
}

/// <summary>What is known after a write or a read of the record.</summary>
internal enum RecordWriteConclusion
{
    /// <summary>Nothing new; what is to be done next is among the effects.</summary>
    Open,

    /// <summary>This life may decide from now on.</summary>
    EpochRaised,

    /// <summary>The record is still ours: no younger life has written it.</summary>
    Confirmed,

    DecisionHolds,

    /// <summary>The decision was not stored, and never will be.</summary>
    DecisionFencedOff,

    /// <summary>Another life has taken over.</summary>
    Superseded,
}
