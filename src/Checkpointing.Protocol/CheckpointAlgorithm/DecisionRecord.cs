using System.Collections.Immutable;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.CheckpointAlgorithm;

/// <summary>
/// The coordinator's one durable record. A round is committed if and only if this record, written under its ETag, says so: presumed abort.
/// Raising <see cref="Epoch"/> in it is the first act of every coordinator life and fences all earlier ones. Committed rounds are kept as
/// runs of numbers, and the members that have yet to prove them are named only as long as they are few, so the record stays small (SPEC K7).
/// </summary>
/// <param name="StoreId">Identity of this record: a slot that names another store cannot be judged by it.</param>
/// <param name="Epoch">Which life of the coordinator may decide; 0 before the first.</param>
/// <param name="Stamp">Unique for each write, so that a read tells whether one particular write has landed.</param>
/// <param name="CommittedRuns">What was committed and may still be asked for.</param>
internal sealed record DecisionRecord(Guid StoreId, long Epoch, WriteStamp Stamp, ImmutableArray<CommittedRun> CommittedRuns)
{
    /// <summary>No more than so many bytes of the record are names.</summary>
    public const int MostBytesOfNames = 32 * 1024;

    /// <summary>
    /// Who has yet to prove what, for the next life of the coordinator. A run that is not listed has members that are not known to a later life: that
    /// one can never forget it.
    /// </summary>
    public ImmutableArray<UnprovenRun> Unproven { get; init; } = [];

    /// <summary>The newest round of the newest run.</summary>
    public RoundNumber LastCommitted => CommittedRuns.IsEmpty ? RoundNumber.None : new RoundNumber(CommittedRuns[^1].Epoch, CommittedRuns[^1].Last);

    public static DecisionRecord First(Guid storeId) => new(storeId, 0, default, []);

    public bool IsCommitted(RoundNumber number)
    {
        foreach (var run in CommittedRuns)
        {
            if (run.Contains(number))
            {
                return true;
            }
        }

        return false;
    }

    public DecisionRecord RaiseEpoch() => this with { Epoch = Epoch + 1 };

    /// <summary>
    /// Records these numbers as committed. The numbers from <paramref name="unusedFrom"/> up to the first of them were never handed to any
    /// participant; nobody can ask for them, so they are covered too and leave no gap that would have to be kept.
    /// </summary>
    public DecisionRecord Commit(IEnumerable<RoundNumber> numbers, long unusedFrom)
    {
        var runs = CommittedRuns.ToBuilder();
        var first = unusedFrom;
        foreach (var number in numbers.Order())
        {
            if (runs.Count > 0 && runs[^1].Epoch == number.Epoch && runs[^1].Last + 1 == Math.Min(first, number.Number))
            {
                runs[^1] = runs[^1] with { Last = number.Number };
            }
            else
            {
                runs.Add(new CommittedRun(number.Epoch, Math.Min(first, number.Number), number.Number));
            }

            first = long.MaxValue;
        }

        return this with { CommittedRuns = runs.ToImmutable() };
    }

    /// <summary>Drops whole runs whose every round is proven by all its members' own storage.</summary>
    public DecisionRecord Forget(Func<CommittedRun, bool> isProven) =>
        CommittedRuns.Any(isProven) ? this with { CommittedRuns = CommittedRuns.RemoveAll(run => isProven(run)) } : this;
}

/// <summary>A run of which all members that have not proven it are known.</summary>
internal sealed record UnprovenRun(CommittedRun Run, ImmutableArray<UnprovenMember> Members);

/// <summary>A member, and the number of its newest round in the run.</summary>
internal readonly record struct UnprovenMember(ParticipantId Participant, long Number)
{
    /// <summary>In the record, or a little less.</summary>
    public int Size => Participant.Type.Length + Participant.Key.Length + 6;
}

/// <summary>Which write of which coordinator life made this record.</summary>
internal readonly record struct WriteStamp(Guid Writer, long Revision);

/// <summary>Committed rounds First…Last of one epoch.</summary>
internal readonly record struct CommittedRun(long Epoch, long First, long Last)
{
    public bool Contains(RoundNumber number) => number.Epoch == Epoch && number.Number >= First && number.Number <= Last;

    public override string ToString() => First == Last ? $"{Epoch}.{First}" : $"{Epoch}.{First}–{Last}";
}
