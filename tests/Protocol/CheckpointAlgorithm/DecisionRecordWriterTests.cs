using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;

namespace Checkpointing.Protocol.Tests.CheckpointAlgorithm;

/// <summary>What a life of the coordinator may say of its decisions while, and after, it writes them (CP-11, CP-12).</summary>
public sealed class DecisionRecordWriterTests
{
    private static readonly RoundNumber Decided = new(1, 1);

    private readonly ImmutableArray<CoordinatorEffect>.Builder _effects = ImmutableArray.CreateBuilder<CoordinatorEffect>();
    private readonly DecisionRecordWriter _writer;

    public DecisionRecordWriterTests()
    {
        _writer = new DecisionRecordWriter(DecisionRecord.First(Guid.NewGuid()), Guid.NewGuid(), _effects);
        Assert.Equal(Decision.Undecided, _writer.Lookup(Decided));
        _writer.RaiseEpoch();
        Assert.Equal(RecordWriteConclusion.EpochRaised, _writer.OnWritten(RecordWriteOutcome.Stored));
    }

    private DecisionRecord LastWrite => _effects.OfType<WriteRecord>().Last().Record;

    [Fact]
    public void A_life_that_was_superseded_calls_no_round_aborted_whose_decision_may_have_landed()
    {
        _writer.Decide([Decided], unusedFrom: 1, _ => false);
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
        _writer.Decide([Decided], unusedFrom: 1, _ => false);
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
        _writer.Decide([Decided], unusedFrom: 1, _ => false);
        var decision = LastWrite;
        _writer.OnWritten(RecordWriteOutcome.Unknown);
        _writer.OnRead(_writer.Record);
        _writer.OnWritten(RecordWriteOutcome.Stale);
        Assert.Equal(RecordWriteConclusion.DecisionHolds, _writer.OnRead(decision));
        Assert.Equal(Decision.Committed, _writer.Lookup(Decided));
    }
}
