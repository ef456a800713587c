using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Simulation.Tests.Checkers;
using Checkpointing.Simulation.Tests.Faults;
using Checkpointing.Simulation.Tests.Mutants;
using Checkpointing.Simulation.Tests.Runtime;
using Xunit;
using static Checkpointing.Simulation.Tests.Scenarios.Script;

namespace Checkpointing.Simulation.Tests.Scenarios;

/// <summary>Grains that move to another silo with their state, silos that stop in order, and lives that meet.</summary>
public class MoveScenarios
{
    /// <summary>RB-13: p's receipt names the silo that x has left.</summary>
    [Fact]
    public void A_life_that_has_moved_is_not_lost_with_the_silo_that_it_left()
    {
        var script = Moved(out var x);
        script.Lose(2);
        script.Settle();

        Assert.Empty(script.RolledBack);
        Assert.Equal(x, RollbackScenarios.Life(script, "x"));
        Assert.Contains(script.Control<LabelsCount>(), counts => counts.Life.Silo == script.Silo(4).Id);
        Assert.All(script.Cluster.Silos.All.Where(silo => silo.IsRunning), silo => Assert.Empty(silo.Agent.Undone.Ends));
    }

    /// <summary>RB-13: whether the silo that it left is still there to remember it, or is gone too.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_life_that_has_moved_is_lost_with_the_silo_where_it_is_now(bool oldSiloGoesFirst)
    {
        var script = Moved(out _);
        if (oldSiloGoesFirst)
        {
            script.Lose(2);
            script.Run(300);
            Assert.Empty(script.RolledBack);
        }

        script.Lose(4);
        script.Settle();
        Assert.Equal(["p"], script.RolledBack);
    }

    [Fact]
    public void A_life_whose_new_silo_dies_while_it_is_on_its_way_is_lost()
    {
        var script = new Script("x@2", "p@3", "y@4");
        script.Sends("x", "p");
        script.Cluster.Moves.Begin(script["x"], script.Silo(4));
        script.Lose(4);
        script.Settle();

        Assert.Equal(["p"], script.RolledBack);
        Assert.Equal(1, script.Cluster.Judges.Rollbacks.LostOnTheWay);
    }

    /// <summary>The silo that it left was only believed to be dead, and x was called meanwhile: the one that arrives is the loser.</summary>
    [Fact]
    public void A_life_that_arrives_after_another_one_has_begun_stops()
    {
        var script = new Script("x@2", "p@3", "y@4");
        script.Sends("x", "p");
        var x = RollbackScenarios.Life(script, "x");
        script.Cluster.Moves.Begin(script["x"], script.Silo(4), duration: 200);
        script.Suspect(2);
        script.Client(Call("x"));
        script.Settle();

        Assert.NotEqual(x, RollbackScenarios.Life(script, "x"));
        Assert.Equal(["p"], script.RolledBack);
        Assert.Equal(1, script.Cluster.Judges.Rollbacks.LostOnTheWay);
    }

    /// <summary>RB-12, RB-13: r is on its way when p, from which it has received, is found to be an orphan. Nobody rolls back before r is found too.</summary>
    [Fact]
    public void A_grain_on_its_way_counts_as_being_where_it_came_from_until_it_was_tested()
    {
        Assert.Equal(["p", "r"], Play(Mutation.None).RolledBack);
        Assert.Equal("closure", Assert.Throws<SimulationViolationException>(() => Play(Mutation.MovingLivesNotTested)).Checker);

        static Script Play(Mutation mutation)
        {
            var script = new Script(mutation, "x@2", "p@3", "r@4", "y@5");
            script.Sends("x", "p");
            script.Sends("p", "r");
            script.Hold(static (peer, message) => peer == "silo4" && message is SuspectsReported);
            script.Cluster.Moves.Begin(script["r"], script.Silo(5), duration: 400);
            script.Lose(2);
            script.Run(300);
            Assert.Empty(script.RolledBack);
            script.Release();
            script.Settle();
            return script;
        }
    }

    /// <summary>RB-12.</summary>
    [Fact]
    public void An_orphan_that_arrives_gets_ready_before_its_first_turn()
    {
        var undone = new UndoneLabels();
        var ledger = new Ledger(new Life(ParticipantId.Named("q"), new Incarnation(1, Guid.NewGuid()), new SiloId(2)), CheckpointMark.Initial);
        ledger.Receive(new MessageStamp(Peer(1), 3));
        Assert.Empty(Arrived().OnArrived());
        undone.Install(new LifeEnd(Peer(1), 2));
        var arrived = Arrived();
        Assert.Equal([new StopHandlers(), new SendToRollbackCoordinator(new ReadyToRollBack(new LifeEnd(ledger.Life, 0)))], arrived.OnArrived());
        Assert.Equal(RollbackPhase.Ready, arrived.Phase);
        undone.Install(new LifeEnd(ledger.Life, 0));
        Assert.IsType<StopSuperseded>(Assert.Single(Arrived().OnArrived()));

        RollbackParticipant Arrived() => new(ledger, new CheckpointParticipant(ledger, RoundNumber.None), undone);
    }

    /// <summary>RB-9, RB-13.</summary>
    [Fact]
    public void An_orphan_takes_nothing_along()
    {
        var agent = new RollbackAgent(new SiloId(1));
        var peer = Peer(1);
        var ledger = new Ledger(new Life(ParticipantId.Named("q"), new Incarnation(1, Guid.NewGuid()), new SiloId(1)), CheckpointMark.Initial);
        ledger.Receive(new MessageStamp(peer, 3));
        agent.OnInstallEnds(new InstallEnds(Guid.Empty, 1, 0, [new LifeEnd(peer, 2)]));

        Assert.False(agent.OnLifeMovesAway(ledger));
        Assert.Equal([new Suspect(ledger.Life, AskLife.AllLabels)], agent.StoppedLives());
    }

    /// <summary>RB-13: the move has a label of its own.</summary>
    [Fact]
    public void An_answer_from_before_a_move_does_not_tell_where_the_life_is()
    {
        var agent = new RollbackAgent(new SiloId(1));
        var ledger = new Ledger(new Life(ParticipantId.Named("q"), new Incarnation(1, Guid.NewGuid()), new SiloId(1)), CheckpointMark.Initial);
        ledger.Send();
        var earlier = new LabelsCount(new Life(ledger.Life.Participant, ledger.Life.Incarnation, new SiloId(2)), ledger.LastSequence);
        Assert.True(agent.OnLifeMovesAway(ledger));
        agent.OnSuspectsCleared(new SuspectsCleared([earlier]));
        Assert.Equal([new Suspect(ledger.Life, 2)], agent.StoppedLives());

        agent.OnSuspectsCleared(new SuspectsCleared([earlier with { LastLabel = 2 }]));
        Assert.Empty(agent.StoppedLives());
        agent.OnSiloGone(new SiloId(2));
        Assert.Equal([new Suspect(ledger.Life, 2)], agent.StoppedLives());
    }

    /// <summary>A clean grain has given out no label that could be undone.</summary>
    [Fact]
    public void Nobody_looks_after_a_clean_grain_that_moves_away()
    {
        var agent = new RollbackAgent(new SiloId(1));
        var ledger = new Ledger(Peer(1), CheckpointMark.Initial);
        Assert.True(agent.OnLifeMovesAway(ledger));
        Assert.Empty(agent.StoppedLives());
        Assert.True(ledger.IsClean);
    }

    /// <summary>
    /// G7: whoever is on a silo that stops is checkpointed or moves away, so nobody depends on anything lost. Half of these silos go although somebody waits for an answer from
    /// there: such calls are sent again (RB-19, RB-20), but for those of relays and those that were passed on and have run. That is rare.
    /// </summary>
    [Fact]
    public void Silos_that_stop_in_order_and_grains_that_move_roll_back_hardly_anybody()
    {
        const int Seeds = 600;
        var profile = FaultProfile.None with { OrderlyStop = 0.03, Move = 0.2, MostSiloCrashes = 0 };
        var (stops, moves, tooSlow, rolledBack) = (0, 0, 0, 0);
        for (var seed = FaultProfile.FirstSiloSeed; seed < FaultProfile.FirstSiloSeed + Seeds; seed++)
        {
            var run = SimulationRun.Of(seed, profile: profile, settings: new SimulationSettings());
            var judge = run.Cluster.Judges.Rollbacks;
            Assert.True(run.Violation is null, $"seed {seed}: {run.Violation}");
            var hasRolledBack = judge is not ({ RolledBack: 0, Dropped: 0 } or { SiloCrashes: > 0 });
            Assert.True(!hasRolledBack || run.Cluster.Calls.Exists(call => call.LostInTime), $"seed {seed}: {judge.RolledBack} lives rolled back, {judge.Dropped} messages dropped");
            rolledBack += hasRolledBack ? 1 : 0;
            tooSlow += judge.SiloCrashes;
            stops += judge.OrderlyStops;
            moves += judge.Moves;
        }

        Assert.True(
            stops > Seeds && moves > Seeds && tooSlow * 20 < stops && rolledBack * 25 < stops,
            $"{stops} stops, {moves} moves, {tooSlow} did not stop in time, {rolledBack} rolled somebody back");
    }

    /// <summary>RB-14: no silo death is noticed, no round runs.</summary>
    [Fact]
    public void An_orphan_is_found_when_the_next_life_of_its_sender_meets_it()
    {
        Assert.Equal(["p", "r"], Play(Mutation.SiloDeathsNotWatched).RolledBack);
        Assert.Equal("live orphans", Assert.Throws<SimulationViolationException>(() => Play(Mutation.ContactNotNoticed)).Checker);

        static Script Play(Mutation mutation)
        {
            var script = RollbackScenarios.X_p_r(mutation);
            script.Lose(2);
            script.Run(200);
            Assert.Empty(script.RolledBack);
            script.Sends("x", "p");
            script.Settle();
            return script;
        }
    }

    /// <summary>RB-14: the life before ended with its checkpoint, so the question costs no fence and undoes nothing.</summary>
    [Fact]
    public void Lives_that_meet_after_an_orderly_restart_roll_back_nobody()
    {
        var script = new Script("x@2", "p@3");
        script.Sends("x", "p");
        script.Checkpoint("x");
        script.Settle();
        script.Cluster.RestartWhenClean(script["x"]);
        script.Run(50);
        script.Sends("x", "p");
        script.Settle();

        Assert.Empty(script.RolledBack);
        Assert.Equal(2, script["p"].Host.Ledger.AllReceipts().Length);
        Assert.NotEmpty(script.Control<LabelsCount>());
        Assert.Empty(script.Control<LifeEnded>());
    }

    /// <summary>RB-14.</summary>
    [Fact]
    public void Receipts_tell_when_two_lives_of_a_peer_meet()
    {
        var table = new ReceiptTable();
        Assert.False(table.Record(Peer(1), 4));
        Assert.False(table.Record(new Life(ParticipantId.Named("y"), new Incarnation(1, Guid.NewGuid())), 1));
        Assert.Empty(table.OfSeveralLives());
        var second = Peer(2);
        Assert.True(table.Record(second, 1));
        Assert.False(table.Record(second, 2));
        Assert.Equal([2, 4], table.OfSeveralLives().Select(receipt => receipt.Sequence).Order());
        table.Clear();
        Assert.Empty(table.OfSeveralLives());
    }

    /// <summary>p has received from x, which has moved from silo 2 to silo 4 since.</summary>
    private static Script Moved(out Life x)
    {
        var script = new Script("x@2", "p@3", "y@4");
        script.Sends("x", "p");
        x = RollbackScenarios.Life(script, "x");
        script.Cluster.Moves.Begin(script["x"], script.Silo(4));
        script.Run(200);
        Assert.Equal(script.Silo(4), script["x"].Silo);
        return script;
    }

    private static Life Peer(int number) => NewLife(number, new SiloId(1));
}
