using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Runtime.Calls;
using Checkpointing.Runtime.StableStorage;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Checkpointing.Cluster.Tests.Rounds;

/// <summary>The judge sees what it should see: each rule is broken once by hand-written records.</summary>
public sealed class JudgeTests
{
    private static readonly Serializer<BankState> States =
        new ServiceCollection().AddSerializer().BuildServiceProvider().GetRequiredService<Serializer<BankState>>();

    private readonly RoundJudge _judge = new() { Invariant = Bank.Conserved(withEntries: false) };
    private readonly GrainId _p = GrainId.Create("account", "p");
    private readonly GrainId _q = GrainId.Create("account", "q");
    private readonly Incarnation _lifeOfP = new(1, Guid.NewGuid());
    private readonly Incarnation _lifeOfQ = new(1, Guid.NewGuid());

    [Fact]
    public void A_consistent_history_passes()
    {
        Write(_p, "checkpoint-a", 1, sent: 3, [], Account(-5, sentTo: ("q", 1)));
        Write(_q, "checkpoint-a", 1, sent: 1, [(_p, 3)], Account(5, receivedFrom: ("p", 1)));
        Decide((1, 1));
        Write(_p, "checkpoint-b", 2, sent: 4, [], Account(-5, sentTo: ("q", 2)), baseRound: 1);
        _judge.AssertNoViolation();
        Assert.Equal([_p, _q], _judge.Decisions.Single().Writers);
    }

    [Fact]
    public void An_orphan_by_its_label_is_seen()
    {
        Write(_p, "checkpoint-a", 1, sent: 2, [], Account(0));
        Write(_q, "checkpoint-a", 1, sent: 1, [(_p, 3)], Account(0));
        Decide((1, 1));
        AssertViolation("does not remember sending it");
    }

    [Fact]
    public void An_orphan_of_a_grain_without_any_checkpoint_is_seen()
    {
        Write(_q, "checkpoint-a", 1, sent: 1, [(_p, 1)], Account(0));
        Decide((1, 1));
        AssertViolation("does not remember sending it");
    }

    [Fact]
    public void An_orphan_that_only_the_application_has_counted_is_seen()
    {
        Write(_p, "checkpoint-a", 1, sent: 9, [], Account(0, sentTo: ("q", 1)));
        Write(_q, "checkpoint-a", 1, sent: 1, [], Account(0, receivedFrom: ("p", 2)));
        Decide((1, 1));
        AssertViolation("q has received message 2 of p, which remembers sending 1");
    }

    [Fact]
    public void Money_that_was_made_is_seen()
    {
        Write(_p, "checkpoint-a", 1, sent: 1, [], Account(-5));
        Write(_q, "checkpoint-a", 1, sent: 1, [], Account(6));
        Decide((1, 1));
        AssertViolation("all balances together are 1");
    }

    [Fact]
    public void Half_a_transfer_is_seen_although_no_money_is_missing()
    {
        Write(_p, "checkpoint-a", 1, sent: 1, [], new BankState { Debits = default(TransferSet).With(7) });
        Decide((1, 1));
        AssertViolation("are not credits");
    }

    [Fact]
    public void A_permanent_checkpoint_that_is_overwritten_is_seen()
    {
        Write(_p, "checkpoint-a", 1, sent: 1, [], Account(0));
        Decide((1, 1));
        Write(_p, "checkpoint-a", 2, sent: 2, [], Account(0), baseRound: 1);
        AssertViolation("overwrites the permanent checkpoint");
    }

    [Fact]
    public void A_third_slot_is_seen()
    {
        Write(_p, "checkpoint-a", 1, sent: 1, [], Account(0));
        Write(_p, "checkpoint-b", 2, sent: 1, [], Account(0));
        Write(_p, "checkpoint-c", 3, sent: 1, [], Account(0));
        AssertViolation("has 3 slots");
    }

    [Fact]
    public void A_member_that_writes_twice_in_a_round_is_seen()
    {
        Write(_p, "checkpoint-a", 1, sent: 1, [], Account(0), generation: 1);
        Write(_p, "checkpoint-b", 1, sent: 1, [], Account(0), generation: 2);
        Decide((1, 1));
        AssertViolation("has written more than once");
    }

    [Fact]
    public void A_mark_that_goes_back_is_seen()
    {
        Write(_p, "checkpoint-a", 1, sent: 5, [], Account(0));
        Decide((1, 1));
        Write(_p, "checkpoint-b", 2, sent: 4, [], Account(0), baseRound: 1);
        Decide((1, 2));
        AssertViolation("goes back behind");
    }

    [Fact]
    public void A_record_that_forgets_too_early_is_seen()
    {
        Write(_p, "checkpoint-a", 1, sent: 1, [], Account(0));
        Decide((1, 1));
        Decide();
        AssertViolation("would start from its initial state, but 1.1 is permanent");
    }

    [Fact]
    public void A_record_that_commits_an_aborted_round_later_is_seen()
    {
        Write(_p, "checkpoint-a", 1, sent: 1, [], Account(0));
        Write(_q, "checkpoint-a", 2, sent: 1, [(_p, 1)], Account(0));
        Decide((2, 2));
        AssertViolation("does not remember sending it");
    }

    [Fact]
    public async Task Storage_that_is_awaited_behind_a_closed_gate_is_seen()
    {
        await using var cluster = await RoundsCluster.Start(silos: 1);
        var account = cluster.Account(1);
        await account.Balance();
        var activation = cluster.HostOf(account.GetGrainId()).Activation;
        var storage = cluster.Storage.Of(cluster.Silos[0].ServiceProvider);
        var record = new GrainState<StoredRecord> { State = RecordOf(account.GetGrainId(), 1, sent: 1, [], Account(0)).Seal() };
        await storage.WriteStateAsync("checkpoint-a", account.GetGrainId(), record);
        await storage.ReadStateAsync("checkpoint-a", account.GetGrainId(), new GrainState<StoredRecord>());
        cluster.Judge.AssertNoViolation();

        // The gate closes while the write is on its way.
        cluster.Storage.BeforeWrite = (_, _) => activation.CloseGate();
        await storage.WriteStateAsync("checkpoint-b", account.GetGrainId(), new GrainState<StoredRecord> { State = RecordOf(account.GetGrainId(), 2, sent: 1, [], Account(0), baseRound: 1).Seal() });
        Assert.Equal([$"a write ends at {account.GetGrainId()} while its gate is closed"], cluster.Judge.Violations);

        await storage.ReadStateAsync("checkpoint-a", account.GetGrainId(), new GrainState<StoredRecord>());
        record.State = RecordOf(account.GetGrainId(), 3, sent: 1, [], Account(0), baseRound: 1).Seal();
        await storage.WriteStateAsync("checkpoint-a", account.GetGrainId(), record);
        Assert.Equal(
            ["a write ends", "a read begins", "a write begins", "a write ends"],
            cluster.Judge.Violations.Select(violation => violation[..violation.IndexOf(" at ", StringComparison.Ordinal)]));
    }

    private static BankState Account(long balance, (string To, long Number)? sentTo = null, (string From, long Number)? receivedFrom = null)
    {
        var state = new BankState { Balance = balance };
        if (sentTo is { } sent)
            state.Sent[sent.To] = sent.Number;
        if (receivedFrom is { } received)
            state.Received[received.From] = received.Number;
        return state;
    }

    private void Write(
        GrainId grain, string slot, long round, long sent, (GrainId Sender, long Label)[] receipts, BankState state, long baseRound = 0, long? generation = null) =>
        _judge.OnWritten(slot, grain, RecordOf(grain, round, sent, receipts, state, baseRound, generation).Seal());

    private SlotRecord RecordOf(
        GrainId grain, long round, long sent, (GrainId Sender, long Label)[] receipts, BankState state, long baseRound = 0, long? generation = null)
    {
        var head = new SlotHead(
            generation ?? round,
            new RoundNumber(1, round),
            baseRound == 0 ? RoundNumber.None : new RoundNumber(1, baseRound),
            new CheckpointMark(new MessageLabel(LifeOf(grain), sent), IncarnationTable.Empty),
            LifeOf(grain));
        var received = receipts.Select(receipt => new Receipt(new Life(receipt.Sender.ToParticipantId(), LifeOf(receipt.Sender)), receipt.Label));
        return new SlotRecord(head, Guid.Empty, [.. received], [("bank", States.SerializeToArray(state))]);
    }

    private void Decide(params (long First, long Last)[] runs) => _judge.OnWritten("decisions", default, DecisionRecordStorage.Seal(
        new DecisionRecord(Guid.Empty, 1, default, [.. runs.Select(run => new CommittedRun(1, run.First, run.Last))])));

    private Incarnation LifeOf(GrainId grain) => grain == _p ? _lifeOfP : _lifeOfQ;

    private void AssertViolation(string words) => Assert.Contains(_judge.Violations, violation => violation.Contains(words, StringComparison.Ordinal));
}
