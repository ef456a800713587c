using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.Tests.CheckpointAlgorithm;

/// <summary>What a life of the coordinator may say of its decisions while, and after, it writes them (CP-11, CP-12).</summary>
public sealed class DecisionRecordWriterTests
{
    private static readonly RoundNumber Decided = new(1, 1);
    private static readonly ParticipantId P = ParticipantId.Named("p");

    private readonly ImmutableArray<CoordinatorEffect>.Builder _effects = ImmutableArray.CreateBuilder<CoordinatorEffect>();
    private readonly UnprovenDecisions _unproven = new();
    private readonly DecisionRecordWriter _writer;

    public DecisionRecordWriterTests()
    {
        _writer = new DecisionRecordWriter(DecisionRecord.First(Guid.NewGuid()), Guid.NewGuid(), _unproven, _effects);
        Assert.Equal(Decision.Undecided, _writer.Lookup(Decided));
        _writer.RaiseEpoch();
        Assert.Equal(RecordWriteConclusion.EpochRaised, _writer.OnWritten(RecordWriteOutcome.Stored));
    }

    private static Dictionary<RoundNumber, ImmutableArray<ParticipantId>> OfP(RoundNumber round) => new() { [round] = [P] };

    private DecisionRecord LastWrite => _effects.OfType<WriteRecord>().Last().Record;

    [Fact]
    public void A_life_that_was_superseded_calls_no_round_aborted_whose_decision_may_have_landed()
    {
        _writer.Decide(OfP(Decided), unusedFrom: 1);
        var decision = LastWrite;
        Assert.Equal(RecordWriteConclusion.Open, _writer.OnWritten(RecordWriteOutcome.Unknown));

        // It has landed, and the next life has raised the epoch on top of it.
        var younger = decision.RaiseEpoch() with { Stamp = new WriteStamp(Guid.NewGuid(), 1) };
        Assert.Equal(RecordWriteConclusion.Superseded, _writer.OnRead(younger));
        Assert.Equal(Decision.Undecided, _writer.Lookup(Decided));
    }

    [Fact]
    public void A_superseded_life_writes_no_more()
    {
        _writer.Suspect(new RoundNumber(2, 1));
        _writer.OnWritten(RecordWriteOutcome.Stale);
        Assert.Equal(RecordWriteConclusion.Superseded, _writer.OnRead(_writer.Record.RaiseEpoch() with { Stamp = new WriteStamp(Guid.NewGuid(), 1) }));
        _effects.Clear();
        _writer.Suspect(new RoundNumber(3, 1));
        Assert.Empty(_effects);
    }

    [Fact]
    public void A_decision_that_is_absent_is_fenced_off_before_it_is_called_aborted()
    {
        _writer.Decide(OfP(Decided), unusedFrom: 1);
        _writer.OnWritten(RecordWriteOutcome.Unknown);
        Assert.Equal(RecordWriteConclusion.Open, _writer.OnRead(_writer.Record));
        Assert.True(_writer.IsDeciding);
        Assert.False(LastWrite.IsCommitted(Decided));
        Assert.Equal(RecordWriteConclusion.DecisionFencedOff, _writer.OnWritten(RecordWriteOutcome.Stored));
        Assert.Equal(Decision.Aborted, _writer.Lookup(Decided));
    }

    [Fact]
    public void A_decision_that_lands_while_it_is_being_fenced_off_holds()
    {
        _writer.Decide(OfP(Decided), unusedFrom: 1);
        var decision = LastWrite;
        _writer.OnWritten(RecordWriteOutcome.Unknown);
        _writer.OnRead(_writer.Record);
        _writer.OnWritten(RecordWriteOutcome.Stale);
        Assert.Equal(RecordWriteConclusion.DecisionHolds, _writer.OnRead(decision));
        Assert.Equal(Decision.Committed, _writer.Lookup(Decided));
    }

    [Fact]
    public void What_is_proven_is_dropped_by_a_write_that_decides_nothing()
    {
        _writer.Decide(OfP(Decided), unusedFrom: 1);
        _writer.OnWritten(RecordWriteOutcome.Stored);
        Assert.Equal([new UnprovenMember(P, 1)], Assert.Single(_writer.Record.Unproven).Members);
        _effects.Clear();
        _writer.DropProven();
        Assert.Empty(_effects);

        _unproven.OnProven(new DecisionProven(Decided, P));
        _writer.DropProven();
        Assert.Empty(LastWrite.CommittedRuns);
        Assert.Equal(Decision.Committed, _writer.Lookup(Decided));
        Assert.Equal(RecordWriteConclusion.Confirmed, _writer.OnWritten(RecordWriteOutcome.Stored));
        Assert.Equal(Decision.Aborted, _writer.Lookup(Decided));
    }

    /// <summary>CP-13: a write that was on its way before the younger round was heard of may have landed before its coordinator began.</summary>
    [Fact]
    public void A_write_that_only_drops_does_not_deny_what_was_suspected_after_it_began()
    {
        _writer.Decide(OfP(Decided), unusedFrom: 1);
        _writer.OnWritten(RecordWriteOutcome.Stored);
        _unproven.OnProven(new DecisionProven(Decided, P));
        _writer.DropProven();
        var younger = new RoundNumber(2, 1);
        _writer.Suspect(younger);
        _writer.OnWritten(RecordWriteOutcome.Stored);
        Assert.Equal(Decision.Undecided, _writer.Lookup(younger));
        _writer.Suspect(younger);
        _writer.OnWritten(RecordWriteOutcome.Stored);
        Assert.Equal(Decision.Forgotten, _writer.Lookup(younger));
    }

    [Fact]
    public void Members_of_a_decision_that_was_fenced_off_have_nothing_to_prove()
    {
        _writer.Decide(OfP(Decided), unusedFrom: 1);
        _writer.OnWritten(RecordWriteOutcome.Unknown);
        _writer.OnRead(_writer.Record);
        Assert.Equal(RecordWriteConclusion.DecisionFencedOff, _writer.OnWritten(RecordWriteOutcome.Stored));
        Assert.True(_unproven.IsEmpty);
    }
}
