using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.Tests.CheckpointAlgorithm;

/// <summary>SPEC K7: a run may be dropped only if everybody is known to have proven it, in this life of the coordinator and in later ones.</summary>
public sealed class UnprovenDecisionsTests
{
    private const long Epoch = 3;

    private static readonly ParticipantId P = ParticipantId.Named("p");
    private static readonly ParticipantId Q = ParticipantId.Named("q");
    private static readonly CommittedRun Run = new(Epoch, 1, 2);

    private readonly UnprovenDecisions _unproven = new();

    [Fact]
    public void A_run_is_proven_when_every_member_of_every_round_has_proven_it()
    {
        _unproven.Add(Round(1), [P, Q]);
        _unproven.Add(Round(2), [P]);
        _unproven.OnProven(new DecisionProven(Round(1), P));
        _unproven.OnProven(new DecisionProven(Round(1), Q));
        Assert.True(_unproven.IsProven(new CommittedRun(Epoch, 1, 1), Epoch));
        Assert.False(_unproven.IsProven(Run, Epoch));
        _unproven.OnProven(new DecisionProven(Round(2), P));
        Assert.True(_unproven.IsProven(Run, Epoch));
        Assert.True(_unproven.IsEmpty);
    }

    [Fact]
    public void Who_proves_a_round_has_proven_all_its_earlier_ones_and_none_for_others()
    {
        _unproven.Add(Round(1), [P, Q]);
        _unproven.Add(Round(2), [P]);
        _unproven.OnProven(new DecisionProven(Round(2), P));
        _unproven.OnProven(new DecisionProven(Round(2), P));
        Assert.False(_unproven.IsProven(Run, Epoch));
        _unproven.OnProven(new DecisionProven(Round(1), Q));
        Assert.True(_unproven.IsProven(Run, Epoch));
    }

    [Fact]
    public void A_later_life_knows_only_what_the_record_names()
    {
        _unproven.Add(Round(1), [P, Q]);
        _unproven.Add(Round(2), [P]);
        var unnamed = new CommittedRun(Epoch, 7, 7);
        var record = DecisionRecord.First(Guid.Empty) with { Epoch = Epoch, CommittedRuns = [Run], Unproven = _unproven.Name([Run], Epoch) };
        var named = Assert.Single(record.Unproven);
        Assert.Equal([new UnprovenMember(P, 2), new UnprovenMember(Q, 1)], named.Members);

        var later = new UnprovenDecisions();
        later.Inherit(record);
        Assert.False(later.IsProven(unnamed, Epoch + 1));
        later.OnProven(new DecisionProven(Round(2), P));
        Assert.False(later.IsProven(Run, Epoch + 1));
        later.OnProven(new DecisionProven(new RoundNumber(Epoch + 1, 1), Q));
        Assert.True(later.IsProven(Run, Epoch + 1));
        Assert.False(later.IsProven(unnamed, Epoch + 1));
    }

    [Fact]
    public void Names_are_all_or_none_of_a_run_and_never_more_than_fit()
    {
        var runs = ImmutableArray.Create(new CommittedRun(Epoch, 1, 1), new CommittedRun(Epoch, 3, 3), new CommittedRun(Epoch, 5, 5));
        var half = (DecisionRecord.MostBytesOfNames / 2 / 100) + 1;
        _unproven.Add(Round(1), Many("a", half));
        _unproven.Add(Round(3), Many("b", half));
        _unproven.Add(Round(5), [P]);
        var named = _unproven.Name(runs, Epoch);
        Assert.Equal([runs[0], runs[2]], named.Select(run => run.Run));
        Assert.Equal([half, 1], named.Select(run => run.Members.Length));
    }

    [Fact]
    public void Who_was_asked_in_vain_is_asked_less_and_less_often()
    {
        _unproven.Add(Round(1), [P]);
        Assert.Empty(_unproven.NextToAsk(new RoundNumber(Epoch, 0), pass: 0, most: 9));
        var asked = Enumerable.Range(0, 300).Where(pass => _unproven.NextToAsk(Round(1), pass, most: 9).Count == 1).ToList();
        Assert.Equal([0, 1, 3, 7, 15, 31, 63, 127, 191, 255], asked);
    }

    [Fact]
    public void No_more_are_asked_at_once_than_may_be_and_each_once_in_a_pass()
    {
        _unproven.Add(Round(1), Many("p", 10));
        Assert.Equal([4, 4, 2, 0], Enumerable.Range(0, 4).Select(_ => _unproven.NextToAsk(Round(1), pass: 0, most: 4).Count));
    }

    private static RoundNumber Round(long number) => new(Epoch, number);

    private static IEnumerable<ParticipantId> Many(string prefix, int count) =>
        Enumerable.Range(0, count).Select(number => ParticipantId.Named($"{prefix}{number}".PadRight(94, '.')));
}
